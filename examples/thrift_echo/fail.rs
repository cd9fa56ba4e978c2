//! The two ways in which a run can fail.

use std::process::ExitCode;

pub enum Failure {
    /// The request cannot be met.
    Input(String),
    /// The run itself failed, or its check did.
    Run(String),
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn input(message: impl Into<String>) -> Failure {
        Failure::Input(message.into())
    }

    pub fn run(message: impl Into<String>) -> Failure {
        Failure::Run(message.into())
    }

    /// Prints one line. Returns the exit code.
    pub fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Failure::Input(message) => (message, 2),
            Failure::Run(message) => (message, 1),
        };
        eprintln!("thrift_echo: {message}");
        ExitCode::from(code)
    }
}
