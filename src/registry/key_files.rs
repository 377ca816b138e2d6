//! The private keys of an installation: one PEM file a key, mode 0600, in one folder.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::crypto::{
    Algorithm, DataKey, KeyError, KeyFileError, Random, RandomError, SigningKey, create_secret_file,
    read_secret_file,
};

/// The folder of private keys.
#[derive(Clone, Debug)]
pub(super) struct KeyFiles(PathBuf);

/// Names of the keys that every installation has.
pub(super) mod name {
    pub(in crate::registry) const ROOT: &str = "root";
    pub(in crate::registry) const CITY: &str = "city";
    pub(in crate::registry) const TRUST_LIST: &str = "trust-list";
    pub(in crate::registry) const STATUS_LIST: &str = "status-list";
    pub(in crate::registry) const RECEIPT: &str = "receipt";
    pub(in crate::registry) const PRESENTATION: &str = "presentation";
    pub(in crate::registry) const CHECKPOINT: &str = "checkpoint";
    pub(in crate::registry) const PACK: &str = "pack";
    pub(in crate::registry) const DATA: &str = "data";
}

/// A private key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFilesError {
    /// The file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Its content.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The data key's file does not hold 32 bytes in hexadecimal.
    #[error("{}: expected 64 hexadecimal digits", path.display())]
    DataKey {
        /// The file.
        path: PathBuf,
    },
    /// A key that an interrupted act left behind is of another algorithm.
    #[error("{}: this key, left by an act that was interrupted, is for {got}, expected {expected}: ask for {got}", path.display())]
    Algorithm {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        expected: &'static str,
        /// What it is for.
        got: &'static str,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The folder.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl KeyFiles {
    pub(super) fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Makes the folder, mode 0700.
    pub(super) fn make_folder(&self) -> Result<(), KeyFilesError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|source| KeyFilesError::Folder { path: self.0.clone(), source })
    }

    /// Makes a key and its file.
    pub(super) fn make(&self, name: &str, algorithm: Algorithm) -> Result<SigningKey, KeyFilesError> {
        let path = self.path(name);
        let key = SigningKey::generate(algorithm)
            .map_err(|source| KeyFilesError::Key { path: path.clone(), source })?;
        create_secret_file(&path, key.to_pkcs8_pem().as_bytes())?;
        Ok(key)
    }

    /// The key that an interrupted act has left, or a new one.
    pub(super) fn find_or_make(&self, name: &str, algorithm: Algorithm) -> Result<SigningKey, KeyFilesError> {
        let path = self.path(name);
        if !path.exists() {
            return self.make(name, algorithm);
        }
        let key = self.read(name)?;
        let (expected, got) = (algorithm.name(), key.algorithm().name());
        if key.algorithm() == algorithm {
            Ok(key)
        } else {
            Err(KeyFilesError::Algorithm { path, expected, got })
        }
    }

    /// Reads a key.
    pub(super) fn read(&self, name: &str) -> Result<SigningKey, KeyFilesError> {
        let path = self.path(name);
        let bytes = read_secret_file(&path)?;
        let pem = std::str::from_utf8(&bytes).map_err(|_| KeyError::NotPrivateKey);
        pem.and_then(SigningKey::from_pkcs8_pem).map_err(|source| KeyFilesError::Key { path, source })
    }

    /// Makes the data key and its file.
    pub(super) fn make_data_key(&self, random: &dyn Random) -> Result<DataKey, KeyFilesError> {
        let key = DataKey::generate(random)?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in key.as_bytes() {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
        create_secret_file(&self.path(name::DATA), text.as_bytes())?;
        Ok(key)
    }

    /// Reads the data key.
    pub(super) fn read_data_key(&self) -> Result<DataKey, KeyFilesError> {
        let path = self.path(name::DATA);
        let bytes = read_secret_file(&path)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_ascii_end();
        let key = crate::crypto::Digest::from_hex(text).ok_or(KeyFilesError::DataKey { path })?;
        Ok(DataKey::from_bytes(*key.as_bytes()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.{}", if name == name::DATA { "key" } else { "pem" }))
    }
}
