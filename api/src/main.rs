//! The binary `ziggie`: every command of `app::cli`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ziggie::app::cli::main()
}
