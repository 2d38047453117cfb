//! What is said while running: for people on a terminal, one JSON object per line otherwise. It goes to standard error.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing::dispatcher::SetGlobalDefaultError;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, fmt};

use super::LogFormat;

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogTrouble {
    /// The filter is not understood.
    #[error("the filter of the log is not understood: {0}")]
    Filter(#[from] ParseError),
    /// Something was started before.
    #[error("the log was started before")]
    Started(#[from] SetGlobalDefaultError),
}

/// Starts the log of this process.
///
/// # Errors
/// [`LogTrouble`] when the filter is not understood or a log was started before.
pub fn start(format: LogFormat, filter: &str) -> Result<(), LogTrouble> {
    let is_terminal = std::io::stderr().is_terminal();
    // https://no-color.org: set and not empty means none.
    let wants_colour = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let filter = EnvFilter::builder().parse(filter)?;
    let subscriber = subscriber(is_for_people(format, is_terminal), wants_colour, filter, std::io::stderr);
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}

fn is_for_people(format: LogFormat, is_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => is_terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    }
}

fn subscriber<W>(
    is_for_people: bool,
    wants_colour: bool,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = fmt().with_env_filter(filter).with_writer(writer).with_ansi(wants_colour);
    if is_for_people {
        Box::new(builder.with_target(false).finish())
    } else {
        Box::new(builder.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What one interchange leaves in the log.
    fn said(is_for_people: bool, filter: &str) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(is_for_people, false, filter.parse().unwrap(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("interchange", partner = "maple").entered();
            tracing::info!(outcome = "accepted", "recorded");
            tracing::debug!("goods");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_machine_reads_one_object_per_line() {
        let text = said(false, "info");
        let object: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(object["outcome"], "accepted");
        assert_eq!(object["span"]["partner"], "maple");
    }

    #[test]
    fn people_read_a_sentence() {
        let text = said(true, "info");
        assert!(text.contains("interchange{partner=\"maple\"}: recorded outcome=\"accepted\""), "{text}");
    }

    #[test]
    fn the_filter_says_how_much() {
        assert_eq!(said(true, "info").lines().count(), 1);
        assert_eq!(said(true, "debug").lines().count(), 2);
        assert_eq!(said(true, "off"), "");
    }

    #[test]
    fn without_a_terminal_the_log_is_for_machines() {
        assert!(!is_for_people(LogFormat::Auto, false));
        assert!(is_for_people(LogFormat::Auto, true));
        assert!(is_for_people(LogFormat::Human, false));
        assert!(!is_for_people(LogFormat::Json, true));
    }
}
