//! Names for people, from grammars that have them: tables of facts often have none.

use std::{collections::HashMap, path::PathBuf};

use super::super::{
    catalogue::{GrammarTrouble, Reading, sources},
    outline::outline,
    spec::DataId,
};
use crate::edifact::Tag;

/// What grammars call things. The folder that was named first wins.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) segments: HashMap<Tag, String>,
    pub(super) messages: HashMap<String, String>,
    /// Data elements and composites.
    data: HashMap<DataId, String>,
    codes: HashMap<(DataId, String), String>,
}

impl Names {
    /// The names in these folders of grammars.
    pub(super) fn read(folders: &[PathBuf], reading: &mut Reading) -> Result<Self, GrammarTrouble> {
        let mut names = Self::default();
        let sources = folders.iter().map(|folder| sources(folder, reading)).collect::<Result<Vec<_>, _>>()?;
        for source in sources.into_iter().flatten() {
            let file = reading.name(source.name);
            let Some((_, found)) = outline(file, &source.text, &mut reading.mistakes) else { continue };
            let elements = found.elements.into_iter().map(|element| (element.id.value, element.name));
            let composites = found.composites.into_iter().map(|composite| (composite.id.value, composite.name));
            add(&mut names.data, elements.chain(composites));
            add(&mut names.segments, found.segments.into_iter().map(|segment| (segment.id.value, segment.name)));
            add(&mut names.messages, found.messages.into_iter().map(|message| (message.kind.value, message.name)));
            for list in found.codes {
                let id = list.id.value;
                add(&mut names.codes, list.codes.into_iter().map(|code| ((id, code.value.value), code.name)));
            }
        }
        Ok(names)
    }

    /// The name of a composite.
    pub(super) fn composite(&self, id: DataId) -> String {
        self.data.get(&id).cloned().unwrap_or_default()
    }

    /// The name of a data element that the table calls this. Tables lose slashes (or write "or" for them), dashes and
    /// the case of letters, which a grammar may have kept; with other letters it is another name, and the table's holds.
    pub(super) fn element(&self, id: DataId, table: &str) -> String {
        let letters =
            |name: &str| name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
        let is_same = |known: &str| [letters(known), letters(&known.replace('/', " or "))].contains(&letters(table));
        let known = self.data.get(&id).filter(|known| table.is_empty() || is_same(known));
        known.cloned().unwrap_or_else(|| sentence_case(table))
    }

    /// The name of a code that the table calls this.
    pub(super) fn code(&self, id: DataId, code: &str, table: &str) -> String {
        if !table.is_empty() {
            return table.to_owned();
        }
        self.codes.get(&(id, code.to_owned())).cloned().unwrap_or_default()
    }
}

/// The first letter large, all others small: every word of some tables begins with a large one.
fn sentence_case(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn add<K: Eq + std::hash::Hash>(known: &mut HashMap<K, String>, found: impl Iterator<Item = (K, String)>) {
    for (id, name) in found.filter(|(_, name)| !name.is_empty()) {
        known.entry(id).or_insert(name);
    }
}
