//! The commands (spec R10.03). What each does is beneath; here is what it is told. Floor 6.

mod audit;
mod keys;
mod log;
mod owner;
mod server;
mod template;
mod welcome;

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use toml::Value;

use super::config::layer::{self, Layered, Origin, Setting};
use super::config::{Config, LogFormat, unit};
use super::order::Order;

/// The control plane for fleets of AI agents.
#[derive(Debug, Parser)]
// Never wrapped: whether clap can wrap depends on what else is built with it, and the pages are the same everywhere.
#[command(name = "ziggie", version, arg_required_else_help = true, after_help = EXAMPLES, term_width = 0)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ziggie dev                              everything embedded, the founding fleet loaded; says what to try
  ziggie serve --listen 0.0.0.0:7400      an embedded database in ./ziggie-data
  ziggie serve --database-url postgres://ziggie@db/ziggie
  ziggie token L2-CHAR-001 --ttl 8h       a token for an agent, for who owns the data directory
  ziggie config                           every setting, its value and where that came from

Settings come from a file (--config, or ZIGGIE_CONFIG), then the environment (ZIGGIE_LISTEN, ZIGGIE_LIMITS_MAX_DEPTH, …),
then flags; the later counts.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves with everything embedded and the founding fleet loaded, and says what to try
    Dev {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Serves until it is told to end; a second signal ends at once
    Serve {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        addresses: Addresses,
        /// Load the founding fleet and task types where they are missing
        #[arg(long)]
        founding: bool,
    },
    /// Brings the database to the newest schema, without serving
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Registers agents from a fleet file, or writes one
    Fleet {
        #[command(subcommand)]
        command: FleetCommand,
    },
    /// Checks files that sprints are made from
    Template {
        #[command(subcommand)]
        command: template::TemplateCommand,
    },
    /// Prints a token for an agent; needs no session, for it is the owner of the data directory who asks
    #[command(after_help = "Example:\n  export TOKEN=$(ziggie token SYSTEM-001)")]
    Token {
        /// The agent's id, such as L2-CHAR-001
        agent: String,
        /// How long the session lives: 30m, 8h, 7d; the setting limits.session_ttl when left out
        #[arg(long, value_parser = seconds)]
        ttl: Option<i32>,
        #[command(flatten)]
        place: Place,
    },
    /// Verifies the audit log, or proves that an entry is in it
    Audit {
        #[command(subcommand)]
        command: audit::AuditCommand,
    },
    /// Lists or rotates the keys that sign sessions, or the audit log
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// Prints the served GraphQL schema; needs no database
    Schema,
    /// Prints every setting with its value and where that came from, secrets masked
    Config {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        addresses: Addresses,
    },
}

#[derive(Debug, Subcommand)]
enum FleetCommand {
    /// Registers the agents of a fleet file: all or none
    Import {
        /// The file, in the form of api/founding/fleet.schema.json
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Prints every agent as a fleet file
    Export {
        #[command(flatten)]
        place: Place,
    },
}

/// Where the data are and how to log: what every command but `schema` is told.
#[derive(Debug, Args)]
struct Place {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keys, tokens and the embedded database [default: ./ziggie-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// PostgreSQL instead of the embedded database: postgres://user:password@host:port/name; better in ZIGGIE_DATABASE_URL when it
    /// holds a password
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Directives such as info or warn,ziggie::request=info [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How lines of the log look [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// Where to answer.
#[derive(Debug, Args)]
struct Addresses {
    /// For agents and dashboards [default: 127.0.0.1:7400]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// For operators: /livez, /readyz, /metrics [default: 127.0.0.1:7401]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
}

impl Place {
    fn settings(&self) -> Vec<Setting> {
        let format = self.log_format.map(|format| match format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        });
        [
            ("data_dir", self.data_dir.clone(), "--data-dir"),
            ("database_url", self.database_url.clone(), "--database-url"),
            ("log.level", self.log_level.clone(), "--log-level"),
            ("log.format", format.map(str::to_owned), "--log-format"),
        ]
        .into_iter()
        .filter_map(|(key, value, flag)| Some((key, Value::String(value?), Origin::Flag(flag))))
        .collect()
    }

    /// The configuration, with what else the command says.
    fn read(&self, more: Vec<Setting>) -> Result<Layered> {
        let settings = self.settings().into_iter().chain(more);
        layer::read(self.config.as_deref(), layer::environment(), settings)
    }
}

impl Place {
    /// The configuration of a command that is done soon: unless somebody asks for more, its log has nothing but what went wrong.
    fn read_quietly(&self) -> Result<Config> {
        let layered = self.read(Vec::new())?;
        let silent = layered.is_default("log.level");
        let mut config = layered.config;
        if silent {
            config.log.level = "warn".to_owned();
        }
        Ok(config)
    }
}

impl Addresses {
    fn settings(&self) -> Vec<Setting> {
        [
            ("listen", self.listen, "--listen"),
            ("admin_listen", self.admin_listen, "--admin-listen"),
        ]
        .into_iter()
        .filter_map(|(key, value, flag)| {
            Some((key, Value::String(value?.to_string()), Origin::Flag(flag)))
        })
        .collect()
    }
}

fn seconds(text: &str) -> Result<i32, String> {
    let time = unit::time::parse(text).ok_or("expected a time such as 30m, 8h or 7d")?;
    i32::try_from(time.as_secs()).map_err(|_| "longer than any session lives".to_owned())
}

/// Runs the command that this process was started with.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Audit { command } => return audit::run(command),
        Command::Dev { place, addresses } => {
            let founding = ("founding", Value::Boolean(true), Origin::Command("dev"));
            let settings = addresses.settings().into_iter().chain([founding]).collect();
            let config = place.read(settings)?.config;
            let _log = log::start(&config.log)?;
            block_on(server::dev(config))
        }
        Command::Serve {
            place,
            addresses,
            founding,
        } => {
            let founding =
                founding.then_some(("founding", Value::Boolean(true), Origin::Flag("--founding")));
            let settings = addresses.settings().into_iter().chain(founding).collect();
            let config = place.read(settings)?.config;
            let _log = log::start(&config.log)?;
            block_on(server::serve(config))
        }
        Command::Migrate { place } => migrate(&place),
        Command::Template { command } => return template::run(command),
        Command::Fleet {
            command: FleetCommand::Import { file, place },
        } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("fleet file {}", file.display()))?;
            order(&place, Order::ImportFleet { text })
        }
        Command::Fleet {
            command: FleetCommand::Export { place },
        } => order(&place, Order::ExportFleet),
        Command::Token { agent, ttl, place } => order(
            &place,
            Order::Token {
                agent,
                ttl_seconds: ttl,
            },
        ),
        Command::Keys { command } => {
            let (place, what) = command.order();
            order(&place, what)
        }
        Command::Schema => say(&crate::graphql::sdl()),
        Command::Config { place, addresses } => {
            let lines = place.read(addresses.settings())?.lines();
            say(&format!("{}\n", lines.join("\n")))
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

fn order(place: &Place, order: Order) -> Result<()> {
    let config = place.read_quietly()?;
    let _log = log::start(&config.log)?;
    let said = block_on(owner::order(&config, order))?;
    say(&format!("{}\n", said.trim_end()))
}

fn migrate(place: &Place) -> Result<()> {
    let config = place.read_quietly()?;
    let _log = log::start(&config.log)?;
    let count = block_on(super::migrate(&config))?;
    say(&format!("{count} migrations ran\n"))
}

/// Writes to standard output at once. A reader that has heard enough is no fault.
fn say(text: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        said => Ok(said?),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[cfg(test)]
mod tests;
