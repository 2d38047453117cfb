//! Everything that SIGHUP replaces, loaded as a whole before any of it is used.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use jiff::tz::TimeZone;

use super::trouble::Trouble;
use crate::channel::tls::{Identity, Limits, Terms};
use crate::clock::Clock;
use crate::codes::CodeLists;
use crate::config::{self, Changes, Config, Environment, Loaded};
use crate::declaration::guide::{Guide, Mistake};
use crate::gateway::{Identities, Rulebook, check_guide};
use crate::grammar::{self, Catalogue, DirectoryCodes};

/// A configuration with everything it names.
pub(super) struct Prepared {
    pub(super) loaded: Loaded,
    pub(super) rulebook: Rulebook,
    pub(super) terms: Terms,
}

impl Prepared {
    /// Loads what the configuration names.
    ///
    /// # Errors
    /// The first [`Trouble`]; nothing is in force then.
    pub(super) fn new(loaded: Loaded, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let rulebook = load_rulebook(&loaded.config, loaded.numbering.zone.clone())?;
        let tls = &loaded.config.tls;
        let identity = Identity::read(&tls.certificate, &tls.private_key)?;
        let terms = Terms::new(identity, Arc::new(loaded.partners.clone()), limits(&loaded.config.limits), clock)?;
        Ok(Self { loaded, rulebook, terms })
    }
}

/// The rulebook of a configuration: grammars, guides and code lists from its folder, or those that are compiled in. Days
/// are counted in this zone.
///
/// # Errors
/// [`Trouble`] with every mistake of the first kind of file that has any.
pub fn load_rulebook(config: &Config, zone: TimeZone) -> Result<Rulebook, Trouble> {
    let rulebook = load_rulebook_of_syntax(config, zone)?;
    match &config.grammars.directory {
        Some(directory) if rulebook.guides.is_empty() => Err(Trouble::NoGuide(directory.clone())),
        _ => Ok(rulebook),
    }
}

/// The same, and the folder may have grammars alone, where messages are judged by nothing else: without a guide none of
/// them is a declaration.
///
/// # Errors
/// As [`load_rulebook`].
pub fn load_rulebook_of_syntax(config: &Config, zone: TimeZone) -> Result<Rulebook, Trouble> {
    let judged = if config.grammars.directory_codes { DirectoryCodes::Judged } else { DirectoryCodes::Named };
    let (catalogue, guides, codes) = match &config.grammars.directory {
        Some(directory) => load_grammars(directory, judged)?,
        None => {
            let catalogue = Catalogue::embedded_with(judged);
            let guide = guide(Path::new("grammars/export/cusdec.guide"), Guide::embedded(&catalogue))?;
            (catalogue, vec![guide], CodeLists::embedded())
        }
    };
    Ok(Rulebook {
        identities: Identities { real: config.edi.identity(), practice: config.edi.practice_identity() },
        tolerances: config.tolerances,
        catalogue,
        guides,
        codes,
        settings: config.rules.clone(),
        zone,
        segments_max: config.limits.interchange_segments_max,
        evidence_bytes_max: config.limits.evidence_bytes_max,
    })
}

/// The folder holds `*.grammar` and `*.guide` in any folders of its own, and the code lists in `codes/`. Without a guide
/// nothing asks for code lists.
fn load_grammars(directory: &Path, judged: DirectoryCodes) -> Result<(Catalogue, Vec<Guide>, CodeLists), Trouble> {
    let catalogue = Catalogue::load_with(directory, judged)?;
    let files = grammar::files(directory, "guide")?;
    if files.is_empty() {
        return Ok((catalogue, Vec::new(), CodeLists::embedded()));
    }
    let mut compiled = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let guide = guide(&path, Guide::load(&text, &catalogue))?;
        compiled.push((path, guide));
    }
    let codes = CodeLists::load(&directory.join("codes"))?;
    let checked = compiled.into_iter().map(|(path, compiled)| guide(&path, checked(compiled, &codes)));
    Ok((catalogue, checked.collect::<Result<_, _>>()?, codes))
}

fn guide(path: &Path, compiled: Result<Guide, Vec<Mistake>>) -> Result<Guide, Trouble> {
    compiled.map_err(|mistakes| Trouble::Guide { path: path.to_owned(), mistakes })
}

/// A guide that names nothing but what is there.
fn checked(guide: Guide, codes: &CodeLists) -> Result<Guide, Vec<Mistake>> {
    let mistakes = check_guide(&guide, codes);
    if mistakes.is_empty() { Ok(guide) } else { Err(mistakes) }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Trouble {
    let path = path.to_owned();
    move |cause| Trouble::Unreadable { path, cause }
}

fn limits(limits: &config::Limits) -> Limits {
    Limits {
        connections_max: limits.connections_max,
        connections_per_partner_max: limits.connections_per_partner_max,
        handshakes_max: limits.handshakes_max,
        handshakes_per_address_max: limits.handshakes_per_address_max,
        handshake_seconds_max: Duration::from_secs(limits.handshake_seconds_max),
        idle_seconds_max: Duration::from_secs(limits.idle_seconds_max),
        interchange_seconds_max: Duration::from_secs(limits.interchange_seconds_max),
        interchange_bytes_max: limits.interchange_bytes_max,
        interchanges_per_minute_max: limits.interchanges_per_minute_max,
        pipelined_interchanges_max: limits.pipelined_interchanges_max,
        write_seconds_max: Duration::from_secs(limits.write_seconds_max),
        waiting_answers_max: limits.waiting_answers_max,
        unconfirmed_answers_max: limits.unconfirmed_answers_max,
    }
}

/// Loads the configuration of the file at this path with everything it names.
///
/// # Errors
/// [`Trouble`] with what is wrong; nothing is in force then.
pub(super) fn prepare(path: &Path, clock: Arc<dyn Clock>) -> Result<Prepared, Trouble> {
    prepare_changed(path, &Changes::default(), clock)
}

/// The same as it would be with these changes of files.
///
/// # Errors
/// As [`prepare`].
pub(super) fn prepare_changed(path: &Path, changes: &Changes, clock: Arc<dyn Clock>) -> Result<Prepared, Trouble> {
    Prepared::new(Config::load_changed(path, &Environment::of_process(), changes)?, clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_the_configuration_are_those_of_the_door() {
        assert_eq!(limits(&config::Limits::default()), Limits::default());
    }

    #[test]
    fn the_shipped_folder_of_grammars_loads() {
        let (_, guides, _) =
            load_grammars(&Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars"), DirectoryCodes::Named).unwrap();
        assert!(!guides.is_empty());
    }

    #[test]
    fn a_folder_without_guides_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.grammars.directory = Some(home.path().to_owned());
        let trouble = load_rulebook(&config, TimeZone::UTC).err().map(|trouble| trouble.to_string());
        assert!(trouble.is_some_and(|said| said.contains("*.guide")));
        assert!(load_rulebook_of_syntax(&config, TimeZone::UTC).is_ok(), "syntax needs none");
    }

    #[test]
    fn a_mistake_in_a_guide_is_told_with_its_line() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("export")).unwrap();
        fs::write(home.path().join("export/own.guide"), "\nnonsense\n").unwrap();
        let trouble =
            load_grammars(home.path(), DirectoryCodes::Named).err().map(|trouble| trouble.to_string()).unwrap();
        assert!(trouble.contains("own.guide cannot be used") && trouble.contains("\n  2:1: "), "{trouble}");
    }

    #[test]
    fn a_guide_that_names_a_list_nobody_has_is_refused() {
        let (home, shipped) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars"));
        for folder in ["codes", "d96b", "export"] {
            fs::create_dir(home.path().join(folder)).unwrap();
            for entry in fs::read_dir(shipped.join(folder)).unwrap() {
                let file = entry.unwrap().path();
                fs::copy(&file, home.path().join(folder).join(file.file_name().unwrap())).unwrap();
            }
        }
        assert!(load_grammars(home.path(), DirectoryCodes::Named).is_ok());
        let guide = home.path().join("export/cusdec.guide");
        let text = fs::read_to_string(&guide).unwrap();
        fs::write(&guide, text.replace("list modes H212", "list modi H212")).unwrap();
        let trouble =
            load_grammars(home.path(), DirectoryCodes::Named).err().map(|trouble| trouble.to_string()).unwrap();
        assert!(trouble.contains("cusdec.guide cannot be used") && trouble.contains("modi"), "{trouble}");
    }
}
