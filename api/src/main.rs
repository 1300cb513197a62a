//! The binary `ziggie`: every command of `app::cli`.

fn main() -> std::process::ExitCode {
    ziggie::app::cli::main()
}
