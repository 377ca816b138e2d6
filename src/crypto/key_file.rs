//! Files that hold a secret: made with mode 0600 and synced, read only when nobody else may.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The largest secret file that is read: a key is some hundred bytes.
const MOST_BYTES: u64 = 16 * 1024;

/// A secret file that could not be made or must not be trusted.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Group or others may read or write it.
    #[error("{}: expected mode 0600, got {mode:04o}: a secret that others can read is none", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Far too long for a key.
    #[error("{}: expected at most {MOST_BYTES} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

/// Writes a new file of mode 0600, its bytes and its name both durable. An existing file is left alone and refused.
pub fn create_secret_file(path: &Path, secret: &[u8]) -> Result<(), KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(secret).and_then(|()| file.sync_all()).map_err(io)?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// Reads a secret file, unless group or others have any right to it.
pub fn read_secret_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode });
    }
    if metadata.len() > MOST_BYTES {
        return Err(KeyFileError::TooLong { path: path.to_owned() });
    }
    let mut secret = Zeroizing::new(Vec::new());
    file.read_to_end(&mut secret).map_err(io)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_file_is_private_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.key");
        create_secret_file(&path, b"secret").unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(&**read_secret_file(&path).unwrap(), b"secret");
        assert!(matches!(create_secret_file(&path, b"other"), Err(KeyFileError::Io { .. })));
        set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_secret_file(&path), Err(KeyFileError::Mode { mode: 0o640, .. })));
    }
}
