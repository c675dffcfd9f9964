//! Files that take the place of others when they are complete.
//!
//! What is written goes to a file of another name in the same folder. When every engine has
//! finished and synced, one rename gives it the name: whenever that is interrupted, one of the two
//! files has the name, whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::{Result, StorageError};

/// Symbolic links are followed so often, and no further.
const MOST_LINKS: usize = 40;

/// So many characters of a file's name are part of that of the temporary one: file systems refuse
/// names of more than 255 bytes, and a character takes up to 4.
const KEPT_NAME: usize = 40;

/// It takes longer to start a thread than to free a file of fewer bytes.
const LARGE: u64 = 1 << 20;

/// What happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replaced,
    /// It stays, and that is an error.
    Refused,
}

/// Makes an empty file that is to take the place of `path` in the end: with its owner and its
/// permissions, if there is one. Gives the name under which it is to be written.
///
/// # Errors
///
/// [`StorageError::Io`] when the folder or the file at `path` cannot be written to, when that is no
/// regular file, or is [`Existing::Refused`].
pub fn begin(path: &Path, existing: Existing) -> Result<PathBuf> {
    begin_at(path, existing).map_err(|source| failed("create", path, source))
}

/// Gives a file, which [`begin`] has made, its name. Its contents are synced to the disk first, and
/// its folder afterwards.
///
/// # Errors
///
/// [`StorageError::Io`]; the file is still there, under the temporary name.
pub fn finish(temporary: &Path, path: &Path, existing: Existing) -> Result<()> {
    finish_at(temporary, path, existing).map_err(|source| failed("replace", path, source))
}

/// Removes a file that [`begin`] has made. One that cannot be removed stays.
pub fn discard(temporary: &Path) {
    // Why there was nothing to finish has been reported already.
    let _ = fs::remove_file(temporary);
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> StorageError {
    StorageError::Io { path: path.to_owned(), action, source }
}

fn begin_at(path: &Path, existing: Existing) -> io::Result<PathBuf> {
    let target = resolved(path)?;
    let found = match fs::metadata(&target) {
        Ok(_) if existing == Existing::Refused => {
            return Err(ErrorKind::AlreadyExists.into());
        }
        Ok(found) => Some(found),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(found) = &found {
        if found.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !found.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        // A file that may not be written to may not be replaced either.
        OpenOptions::new().write(true).open(&target)?;
    }
    let temporary = make(&target)?;
    if let Some(found) = found {
        let prepared = keep(&temporary, found.permissions(), (found.uid(), found.gid()));
        if let Err(error) = prepared {
            discard(&temporary);
            return Err(error);
        }
    }
    Ok(temporary)
}

/// Gives a file the permissions and, where that is allowed, the owner of another.
fn keep(path: &Path, permissions: Permissions, owner: (u32, u32)) -> io::Result<()> {
    let own = fs::metadata(path)?;
    if (own.uid(), own.gid()) != owner {
        // Few may do that; who may not owns the new file.
        let _ = chown(path, Some(owner.0), Some(owner.1));
    }
    fs::set_permissions(path, permissions)
}

/// The file that a name stands for, whether there is one or not.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Makes an empty file of a new name beside another.
fn make(target: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = target.file_name() else { return Err(ErrorKind::IsADirectory.into()) };
    let name: String = name.to_string_lossy().chars().take(KEPT_NAME).collect();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Processes of other hosts may have the same number.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos() % 1_000_000_000);
        let process = std::process::id();
        let name = format!(".{name}.{process}-{number}-{nanos:x}.part");
        let path = target.with_file_name(OsString::from(name));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn finish_at(temporary: &Path, path: &Path, existing: Existing) -> io::Result<()> {
    File::open(temporary)?.sync_all()?;
    let target = resolved(path)?;
    match existing {
        Existing::Replaced => {
            let old = File::open(&target).ok();
            fs::rename(temporary, &target)?;
            if let Some(old) = old {
                let_go(old);
            }
        }
        Existing::Refused => {
            // A link is made only if there is no such name: nobody else can come between. Where
            // the file system has no links, it is looked for just before.
            match fs::hard_link(temporary, &target) {
                Ok(()) => fs::remove_file(temporary)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
                Err(_) if fs::symlink_metadata(&target).is_ok() => {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                Err(_) => fs::rename(temporary, &target)?,
            }
        }
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        // Some file systems have no such thing.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Ok(())
        }
        outcome => outcome,
    }
}

/// Closes a file that has no name any more. The system then frees what it had, which takes a third of
/// a second for a gigabyte: nobody needs to wait for that.
fn let_go(old: File) {
    if old.metadata().is_ok_and(|old| old.len() > LARGE) {
        // Where there can be no thread, it is closed here.
        let _ = std::thread::Builder::new().spawn(move || drop(old));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::scratch::Scratch;

    fn folder() -> (Scratch, PathBuf) {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path()).unwrap();
        let path = scratch.path().join("file");
        (scratch, path)
    }

    fn names(scratch: &Scratch) -> Vec<String> {
        let entries = fs::read_dir(scratch.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_old_file_is_there_until_the_end() {
        let (scratch, path) = folder();
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let temporary = begin(&path, Existing::Replaced).unwrap();
        fs::write(&temporary, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        finish(&temporary, &path, Existing::Replaced).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(&scratch), ["file"]);
        let other = begin(&path, Existing::Replaced).unwrap();
        discard(&other);
        assert_eq!(names(&scratch), ["file"]);
    }

    #[test]
    fn what_must_be_new_is() {
        let (scratch, path) = folder();
        let temporary = begin(&path, Existing::Refused).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        let refused = finish(&temporary, &path, Existing::Refused).unwrap_err();
        let StorageError::Io { source, .. } = refused else { panic!("{refused}") };
        assert_eq!(source.kind(), ErrorKind::AlreadyExists);
        assert!(begin(&path, Existing::Refused).is_err());
        fs::remove_file(&path).unwrap();
        finish(&temporary, &path, Existing::Refused).unwrap();
        assert_eq!(names(&scratch), ["file"]);
    }

    #[test]
    fn links_stay_links() {
        let (scratch, path) = folder();
        let link = scratch.path().join("link");
        symlink("file", &link).unwrap();
        for text in ["there is none yet", "there is one"] {
            let temporary = begin(&link, Existing::Replaced).unwrap();
            fs::write(&temporary, text).unwrap();
            finish(&temporary, &link, Existing::Replaced).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(&scratch), ["file", "link"]);
        }
        let circle = scratch.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(begin(&circle, Existing::Replaced).is_err());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let (scratch, path) = folder();
        fs::create_dir(&path).unwrap();
        for path in [&path, Path::new("/dev/null"), Path::new("/"), &path.join("none").join("x")] {
            assert!(begin(path, Existing::Replaced).is_err(), "{path:?}");
        }
        assert_eq!(names(&scratch), ["file"]);
    }

    #[test]
    fn long_names_do() {
        let (scratch, path) = folder();
        let path = path.with_file_name("\u{e9}".repeat(127));
        let temporary = begin(&path, Existing::Replaced).unwrap();
        finish(&temporary, &path, Existing::Replaced).unwrap();
        assert_eq!(names(&scratch).len(), 1);
    }
}
