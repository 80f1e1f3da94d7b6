//! The durable state: JSON documents by table and key, in memory for reading and in a redb file for keeping. Owns
//! transactions and the lock of one writer; knows no vendor.
//!
//! A transaction changes the memory at once and remembers how to undo it; `commit` writes the changed documents to the
//! file and returns only when they are on disk. So an answer that a client sees is never lost by a kill, and a request
//! that was refused leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::SandboxError;

/// Name of the database inside the state directory.
pub(crate) const FILE_NAME: &str = "sandbox.redb";
/// Name of the file that tells others where the running sandbox listens.
pub(crate) const ENDPOINT_FILE: &str = "endpoint.json";

const DOCUMENTS: TableDefinition<'static, (&str, &str), &[u8]> = TableDefinition::new("documents");

type Table = BTreeMap<String, Value>;

/// All documents of one sandbox.
#[derive(Debug)]
pub(crate) struct Store {
    path: Utf8PathBuf,
    database: Database,
    tables: BTreeMap<String, Table>,
}

impl Store {
    /// Opens or makes the database in `directory`, and reads everything.
    pub(crate) fn open(directory: &Utf8Path) -> Result<Self, SandboxError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| SandboxError::Io { path: directory.to_owned(), source })?;
        let path = directory.join(FILE_NAME);
        let database = match Database::create(&path) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                return Err(SandboxError::Locked { holder: announced(directory), path });
            }
            Err(other) => return Err(state_error(&path, other)),
        };
        let tables = read_all(&database, &path)?;
        Ok(Self { path, database, tables })
    }

    /// Starts a transaction; dropping it without `commit` undoes it.
    pub(crate) fn begin(&mut self) -> Transaction<'_> {
        Transaction { store: self, undo: Vec::new() }
    }
}

fn announced(directory: &Utf8Path) -> Option<String> {
    let text = std::fs::read(directory.join(ENDPOINT_FILE)).ok()?;
    let endpoint = serde_json::from_slice::<Value>(&text).ok()?;
    Some(endpoint.get("url")?.as_str()?.to_owned())
}

fn state_error(path: &Utf8Path, source: impl Into<redb::Error>) -> SandboxError {
    SandboxError::State { path: path.to_owned(), source: Box::new(source.into()) }
}

fn read_all(database: &Database, path: &Utf8Path) -> Result<BTreeMap<String, Table>, SandboxError> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let transaction = database.begin_read().map_err(|e| state_error(path, e))?;
    let documents = match transaction.open_table(DOCUMENTS) {
        Ok(documents) => documents,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(tables),
        Err(other) => return Err(state_error(path, other)),
    };
    for entry in documents.iter().map_err(|e| state_error(path, e))? {
        let (id, bytes) = entry.map_err(|e| state_error(path, e))?;
        let (table, key) = id.value();
        let value = serde_json::from_slice(bytes.value()).map_err(|source| SandboxError::Document {
            table: table.to_owned(),
            key: key.to_owned(),
            source,
        })?;
        tables.entry(table.to_owned()).or_default().insert(key.to_owned(), value);
    }
    Ok(tables)
}

/// A change to one document, with what was there before.
#[derive(Debug)]
struct Undo {
    table: String,
    key: String,
    before: Option<Value>,
}

/// Reads and changes of one request. Reads see the changes made so far.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    store: &'a mut Store,
    undo: Vec<Undo>,
}

impl Transaction<'_> {
    /// The document, if it exists.
    pub(crate) fn get(&self, table: &str, key: &str) -> Option<&Value> {
        self.store.tables.get(table)?.get(key)
    }

    /// The document as a type. A document that no longer has the shape reads as absent: only this program writes the
    /// file, and the format version guards against older ones.
    pub(crate) fn read<T: DeserializeOwned>(&self, table: &str, key: &str) -> Option<T> {
        T::deserialize(self.get(table, key)?).ok()
    }

    /// Every document of a table in the order of its keys.
    pub(crate) fn list(&self, table: &str) -> impl DoubleEndedIterator<Item = (&String, &Value)> + use<'_> {
        self.store.tables.get(table).into_iter().flatten()
    }

    /// Every document of a table as a type, in the order of the keys.
    pub(crate) fn read_list<T: DeserializeOwned>(&self, table: &str) -> Vec<T> {
        self.list(table).filter_map(|(_, value)| T::deserialize(value).ok()).collect()
    }

    /// The names of all tables that hold something.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &String> + use<'_> {
        self.store.tables.iter().filter(|(_, table)| !table.is_empty()).map(|(name, _)| name)
    }

    /// Creates or replaces a document.
    pub(crate) fn put(&mut self, table: &str, key: &str, value: Value) {
        let before = self.store.tables.entry(table.to_owned()).or_default().insert(key.to_owned(), value);
        self.undo.push(Undo { table: table.to_owned(), key: key.to_owned(), before });
    }

    /// Creates or replaces a document from a type.
    pub(crate) fn write<T: Serialize>(&mut self, table: &str, key: &str, document: &T) {
        let value = serde_json::to_value(document).expect("the sandbox's own documents are JSON");
        self.put(table, key, value);
    }

    /// Removes a document and gives it back.
    pub(crate) fn remove(&mut self, table: &str, key: &str) -> Option<Value> {
        let before = self.store.tables.get_mut(table)?.remove(key)?;
        self.undo.push(Undo { table: table.to_owned(), key: key.to_owned(), before: Some(before.clone()) });
        Some(before)
    }

    /// Makes the changes durable. On an error they are undone.
    pub(crate) fn commit(mut self) -> Result<(), SandboxError> {
        if self.undo.is_empty() {
            return Ok(());
        }
        self.write_out()?;
        self.undo.clear();
        Ok(())
    }

    fn write_out(&self) -> Result<(), SandboxError> {
        let path = &self.store.path;
        let touched: BTreeSet<(&str, &str)> =
            self.undo.iter().map(|u| (u.table.as_str(), u.key.as_str())).collect();
        let transaction = self.store.database.begin_write().map_err(|e| state_error(path, e))?;
        {
            let mut documents = transaction.open_table(DOCUMENTS).map_err(|e| state_error(path, e))?;
            for (table, key) in touched {
                match self.get(table, key) {
                    Some(value) => {
                        let bytes = serde_json::to_vec(value).expect("a JSON value is JSON");
                        documents.insert((table, key), bytes.as_slice()).map_err(|e| state_error(path, e))?;
                    }
                    None => {
                        documents.remove((table, key)).map_err(|e| state_error(path, e))?;
                    }
                }
            }
        }
        transaction.commit().map_err(|e| state_error(path, e))
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        while let Some(Undo { table, key, before }) = self.undo.pop() {
            let table = self.store.tables.entry(table).or_default();
            match before {
                Some(value) => table.insert(key, value),
                None => table.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn directory() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        (directory, path)
    }

    #[test]
    fn committed_documents_survive_and_dropped_ones_do_not() {
        let (_guard, path) = directory();
        let mut store = Store::open(&path).unwrap();
        let mut tx = store.begin();
        tx.put("t", "a", json!(1));
        tx.put("t", "b", json!(2));
        tx.commit().unwrap();
        let mut tx = store.begin();
        tx.put("t", "a", json!(10));
        tx.put("t", "a", json!(11));
        tx.remove("t", "b");
        tx.put("t", "c", json!(3));
        drop(tx);
        assert_eq!(store.begin().list("t").map(|(k, _)| k.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(store.begin().get("t", "a"), Some(&json!(1)));
        drop(store);
        let mut store = Store::open(&path).unwrap();
        assert_eq!(store.begin().get("t", "b"), Some(&json!(2)));
        assert_eq!(store.begin().get("t", "c"), None);
    }

    #[test]
    fn a_commit_is_on_disk_before_the_file_is_closed() {
        let (_guard, path) = directory();
        let mut store = Store::open(&path).unwrap();
        let mut tx = store.begin();
        tx.put("t", "a", json!({"x": 1}));
        tx.commit().unwrap();
        // What a killed process leaves behind is the file as it is now.
        let after_kill = path.join("after-kill");
        std::fs::create_dir(&after_kill).unwrap();
        std::fs::copy(path.join(FILE_NAME), after_kill.join(FILE_NAME)).unwrap();
        let mut left = Store::open(&after_kill).unwrap();
        assert_eq!(left.begin().get("t", "a"), Some(&json!({"x": 1})));
    }

    #[test]
    fn a_second_writer_is_told_who_holds_the_lock() {
        let (_guard, path) = directory();
        let _store = Store::open(&path).unwrap();
        std::fs::write(path.join(ENDPOINT_FILE), br#"{"url":"http://127.0.0.1:9"}"#).unwrap();
        match Store::open(&path).unwrap_err() {
            SandboxError::Locked { path: file, holder } => {
                assert_eq!(file, path.join(FILE_NAME));
                assert_eq!(holder.as_deref(), Some("http://127.0.0.1:9"));
            }
            other => panic!("expected a lock, got {other:?}"),
        }
    }
}
