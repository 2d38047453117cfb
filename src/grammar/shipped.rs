//! The directories that are built in. Each is compiled when somebody first asks for it, message by message: to look at one
//! interchange, nobody waits for three hundred tables.
//!
//! That they hold no mistakes is what tests say, so that nothing has to be checked again when they are compiled.

use std::sync::{Arc, OnceLock};

use super::{
    codes::DirectoryCodes,
    compile::segment_table,
    layout::table_of,
    mistake::Mistakes,
    outline::{Outline, outline},
    spec::{DirectoryKey, SegmentTable},
    table::MessageGrammar,
};

/// The files of all directories, as the build found them.
pub(super) const FOLDERS: &[Folder] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The files of one directory.
#[derive(Debug)]
pub(super) struct Folder {
    /// Its key, such as D:96B:UN.
    pub(super) directory: &'static str,
    /// Elements, composites, segments and code lists.
    pub(super) shared: &'static [File],
    /// One message each.
    pub(super) messages: &'static [File],
}

/// One file.
#[derive(Debug)]
pub(super) struct File {
    /// The message type (0065) of its message; empty where it is for all messages.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// A directory that is compiled as far as somebody asked for it.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) key: DirectoryKey,
    folder: &'static Folder,
    lists: DirectoryCodes,
    services: [Arc<SegmentTable>; 2],
    segments: OnceLock<Arc<SegmentTable>>,
    /// Beside the messages of the folder.
    messages: Vec<OnceLock<Option<MessageGrammar>>>,
}

impl Shelf {
    /// Nothing compiled yet; none when the folder has no key, which the build would have to get wrong.
    pub(super) fn new(
        folder: &'static Folder,
        lists: DirectoryCodes,
        services: &[Arc<SegmentTable>; 2],
    ) -> Option<Self> {
        Some(Self {
            key: DirectoryKey::read(folder.directory)?,
            folder,
            lists,
            services: services.clone(),
            segments: OnceLock::new(),
            messages: folder.messages.iter().map(|_| OnceLock::new()).collect(),
        })
    }

    /// The types of its messages, with the number that [`Shelf::message`] takes.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (usize, &'static str)> {
        self.folder.messages.iter().map(|file| file.kind).enumerate()
    }

    pub(super) fn segments(&self) -> &Arc<SegmentTable> {
        self.segments.get_or_init(|| {
            let mut whole = Outline::default();
            for file in self.folder.shared {
                whole.append(read(file));
            }
            Arc::new(segment_table(&whole, self.lists, &mut Mistakes::default()))
        })
    }

    pub(super) fn message(&self, number: usize) -> Option<&MessageGrammar> {
        let compiled = self.messages.get(number)?.get_or_init(|| {
            let outline = read(self.folder.messages.get(number)?);
            let [older, newer] = self.services.clone();
            let tables = [Arc::clone(self.segments()), older, newer];
            let (grammar, _) = table_of(outline.messages.first()?, tables, &mut Mistakes::default())?;
            Some(grammar)
        });
        compiled.as_ref()
    }
}

fn read(file: &File) -> Outline {
    outline(0, file.text, &mut Mistakes::default()).map(|(_, outline)| outline).unwrap_or_default()
}
