//! Walking a file, or the environment, along the keys that are known.

use std::collections::BTreeMap;
use std::ops::Range;

use strsim::damerau_levenshtein;
use toml_edit::{Item, TableLike, Value};

use super::load::Environment;
use super::mistake::{Mistake, Place};
use super::shape::{Form, Given, Key, Shape};
use super::source::Source;

/// What one walk found.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What is wrong.
    pub(super) mistakes: Vec<Mistake>,
    /// Where each value comes from, by its full name: `limits.idle_seconds_max`, `certificate[0].file`.
    pub(super) places: BTreeMap<String, Place>,
}

impl Reading {
    /// Walks a whole file.
    pub(super) fn read_file(&mut self, source: &Source, keys: &[Key], root: &dyn TableLike) {
        Walk { source, all: keys, reading: self }.table(keys, root, None, "");
    }

    /// Walks the environment; gives back the variables that may be laid over the file.
    pub(super) fn read_environment(&mut self, keys: &[Key], environment: &Environment) -> BTreeMap<String, String> {
        let mut taken = BTreeMap::new();
        for (variable, value) in environment.settings() {
            let place = Place::Variable { name: variable.to_owned() };
            match self.variable(keys, variable, value.to_str()) {
                Ok((name, value)) => {
                    self.places.insert(name, place);
                    taken.insert(variable.to_owned(), value.to_owned());
                }
                Err((what, hint)) => self.mistakes.push(Mistake { what, place, hint }),
            }
        }
        taken
    }

    /// The full name and the value, or what is wrong and a hint.
    fn variable<'a>(
        &self,
        keys: &[Key],
        variable: &str,
        value: Option<&'a str>,
    ) -> Result<(String, &'a str), (String, Option<String>)> {
        let known = leaves(keys, "");
        let named = known.iter().find(|(name, _)| Environment::variable(name) == variable);
        let Some((name, form)) = named else {
            return Err((format!("unknown variable `{variable}`"), meant(keys, &known, variable)));
        };
        let value = value.ok_or_else(|| (format!("`{variable}` is not text in UTF-8"), None))?;
        form.check(name, &form.read(value))
            .map(|()| (name.clone(), value))
            .map_err(|refusal| (refusal.what, Some(refusal.hint)))
    }
}

/// What was perhaps meant by a variable that is unknown: where its table is known, another key of that table, or the same key
/// of another one.
fn meant(keys: &[Key], known: &[(String, Form)], variable: &str) -> Option<String> {
    let prefix = Environment::variable("");
    let named = |path: &str| Environment::variable(path).strip_prefix(&prefix).map(str::to_owned);
    let behind = variable.strip_prefix(&prefix)?;
    let tables = keys.iter().filter_map(|key| named(&format!("{}.", key.name)));
    let Some(table) = tables.into_iter().find(|table| behind.starts_with(table)) else {
        let names: Vec<_> = known.iter().filter_map(|(name, _)| named(name)).collect();
        let near = nearest(behind, names.iter().map(String::as_str))?;
        return Some(format!("did you mean `{prefix}{near}`?"));
    };
    let name = behind.strip_prefix(&table)?;
    let names: Vec<_> = known.iter().filter_map(|(name, _)| named(name)).collect();
    if let Some(near) = nearest(name, names.iter().filter_map(|name| name.strip_prefix(&table))) {
        return Some(format!("did you mean `{prefix}{table}{near}`?"));
    }
    let elsewhere = names.iter().filter(|full| full.split_once("__").is_some_and(|(_, other)| other == name));
    let homes: Vec<_> = elsewhere.map(|full| format!("`{prefix}{full}`")).collect();
    (!homes.is_empty()).then(|| format!("this key stands in {}", homes.join(" and ")))
}

/// A walk in progress.
struct Walk<'a> {
    source: &'a Source,
    /// The keys at the root, to find where a misplaced key belongs.
    all: &'a [Key],
    reading: &'a mut Reading,
}

impl Walk<'_> {
    fn table(&mut self, keys: &[Key], table: &dyn TableLike, span: Option<&Range<usize>>, path: &str) {
        for (name, item) in table.iter() {
            let span = table.get_key_value(name).and_then(|(key, _)| key.span()).or_else(|| item.span());
            match keys.iter().find(|key| key.name == name) {
                Some(key) => self.item(key.shape, item, &join(path, name)),
                None => self.unknown(keys, name, span, path),
            }
        }
        for key in keys.iter().filter(|key| key.is_required && !table.contains_key(key.name)) {
            let hint = match key.shape {
                Shape::Value(form) => Some(format!("write {}", form.wanted())),
                Shape::Table(_) | Shape::Tables(_) => None,
            };
            self.mistake(span.cloned(), format!("`{}` is missing", join(path, key.name)), hint);
        }
    }

    fn item(&mut self, shape: Shape, item: &Item, path: &str) {
        let place = self.source.place(item.span());
        self.reading.places.insert(path.to_owned(), place);
        match shape {
            Shape::Value(form) => {
                if let Err(refusal) = form.check(path, &given(item)) {
                    self.mistake(item.span(), refusal.what, Some(refusal.hint));
                }
            }
            Shape::Table(keys) => match item.as_table_like() {
                Some(table) => self.table(keys, table, item.span().as_ref(), path),
                None => self.no_table(item, path, &format!("write [{path}] and its keys below it")),
            },
            Shape::Tables(keys) => match tables(item) {
                Some(tables) => {
                    for (index, (table, span)) in tables.into_iter().enumerate() {
                        self.table(keys, table, span.as_ref(), &format!("{path}[{index}]"));
                    }
                }
                None => self.no_table(item, path, &format!("write [[{path}]] and its keys below it, for each of them")),
            },
        }
    }

    fn no_table(&mut self, item: &Item, path: &str, hint: &str) {
        let what = format!("`{path}` is {}, which does not go here", given(item).kind());
        self.mistake(item.span(), what, Some(hint.to_owned()));
    }

    fn unknown(&mut self, keys: &[Key], name: &str, span: Option<Range<usize>>, path: &str) {
        let elsewhere = || {
            let homes = leaves(self.all, "").into_iter().map(|(full, _)| full);
            let homes: Vec<_> = homes.filter(|full| full.rsplit('.').next() == Some(name)).collect();
            (!homes.is_empty()).then(|| format!("this key stands in `{}`", homes.join("` and `")))
        };
        let hint = nearest(name, keys.iter().map(|key| key.name))
            .map(|near| format!("did you mean `{}`?", join(path, near)))
            .or_else(elsewhere);
        self.mistake(span, format!("unknown key `{}`", join(path, name)), hint);
    }

    fn mistake(&mut self, span: Option<Range<usize>>, what: String, hint: Option<String>) {
        self.reading.mistakes.push(Mistake { what, place: self.source.place(span), hint });
    }
}

/// The full names of all values, with their forms.
pub(super) fn leaves(keys: &[Key], path: &str) -> Vec<(String, Form)> {
    keys.iter()
        .flat_map(|key| match key.shape {
            Shape::Table(inner) | Shape::Tables(inner) => leaves(inner, &join(path, key.name)),
            Shape::Value(form) => vec![(join(path, key.name), form)],
        })
        .collect()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The known name that is most like this one, when any is like it.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let tolerance = (name.chars().count() / 3).max(2);
    known
        .map(|candidate| (damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A table and where it begins.
pub(super) type Placed<'a> = (&'a dyn TableLike, Option<Range<usize>>);

/// The tables of `[[name]]` or of a list of inline tables.
pub(super) fn tables(item: &Item) -> Option<Vec<Placed<'_>>> {
    match item {
        Item::ArrayOfTables(tables) => {
            Some(tables.iter().map(|table| (table as &dyn TableLike, table.span())).collect())
        }
        Item::Value(Value::Array(values)) => values
            .iter()
            .map(|value| value.as_inline_table().map(|table| (table as &dyn TableLike, value.span())))
            .collect(),
        Item::Value(_) | Item::Table(_) | Item::None => None,
    }
}

fn given(item: &Item) -> Given<'_> {
    match item {
        Item::Value(Value::String(text)) => Given::Text(text.value()),
        Item::Value(Value::Integer(number)) => Given::Whole(*number.value()),
        Item::Value(Value::Boolean(flag)) => Given::Flag(*flag.value()),
        Item::Value(Value::Datetime(moment)) => Given::Moment(moment.value().to_string()),
        Item::Value(Value::Float(_)) => Given::Other("a number with a fraction"),
        Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => Given::Other("a list"),
        Item::Value(Value::InlineTable(_)) | Item::Table(_) | Item::None => Given::Other("a table"),
    }
}
