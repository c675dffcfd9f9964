//! Files that take the place of others when they are complete.
//!
//! What is written goes to a file of another name in the same folder. When every engine has
//! finished and synced, one rename gives it the name: whenever that is interrupted, one of the two
//! files has the name, whole.
//!
//! Who writes such a file keeps it locked. One that is not locked was left by a process that is gone,
//! and is removed when the next one for the same name is begun.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use crate::release::release;
use crate::{Result, StorageError};

/// Symbolic links are followed so often, and no further.
const MOST_LINKS: usize = 40;

/// So many characters of a file's name are part of that of the temporary one: file systems refuse
/// names of more than 255 bytes, and a character takes up to 4.
const KEPT_NAME: usize = 40;

/// How the names of temporary files end.
const SUFFIX: &str = ".part";

/// The files that this process writes, open and locked.
static LOCKED: LazyLock<Mutex<HashMap<PathBuf, File>>> = LazyLock::new(Mutex::default);

/// What happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replaced,
    /// It stays, and that is an error.
    Refused,
}

/// Makes an empty file that is to take the place of `path` in the end: with its owner and its
/// permissions, if there is one. Gives the name under which it is to be written. What processes that
/// are gone have left behind of such files for the same name is removed.
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
    unlock(temporary);
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

/// What the names of the temporary files for a target begin with.
fn beginning(target: &Path) -> io::Result<String> {
    let Some(name) = target.file_name() else { return Err(ErrorKind::IsADirectory.into()) };
    let name: String = name.to_string_lossy().chars().take(KEPT_NAME).collect();
    Ok(format!(".{name}."))
}

/// Makes an empty file of a new name beside another, and locks it.
fn make(target: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let beginning = beginning(target)?;
    remove_left(target, &beginning);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Processes of other hosts may have the same number.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos() % 1_000_000_000);
        let process = std::process::id();
        let name = format!("{beginning}{process}-{number}-{nanos:x}{SUFFIX}");
        let path = target.with_file_name(OsString::from(name));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                if lock(&path, file) {
                    return Ok(path);
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Locks a new file until it has got its name or is discarded, or this process ends, however it does.
/// Says whether the file is still there.
fn lock(path: &Path, file: File) -> bool {
    // A lock that others may share: for a moment the file has it under the name that it gets, and
    // libraries lock files that they read. Some file systems of networks have no locks: nobody
    // gets one there, and nothing is taken for left behind.
    let is_taken = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    // Somebody may have taken it for left behind before it was locked, and removes it or has done so.
    if is_taken || file.metadata().is_ok_and(|found| found.nlink() == 0) {
        return false;
    }
    LOCKED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), file);
    true
}

fn unlock(path: &Path) {
    drop(LOCKED.lock().unwrap_or_else(PoisonError::into_inner).remove(path));
}

/// Removes the temporary files for a target that nobody writes any more.
fn remove_left(target: &Path, beginning: &str) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(middle) = name
            .to_str()
            .and_then(|name| name.strip_prefix(beginning))
            .and_then(|name| name.strip_suffix(SUFFIX))
        else {
            continue;
        };
        if !middle.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            continue;
        }
        let path = entry.path();
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
            continue;
        }
        let Ok(left) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
        if left.try_lock().is_ok() {
            // What can't be removed stays.
            let _ = fs::remove_file(&path);
            release(left);
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
                release(old);
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
    unlock(temporary);
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        // Some file systems have no such thing.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Ok(())
        }
        outcome => outcome,
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
    fn what_others_have_left_is_removed() {
        let (scratch, path) = folder();
        for name in [".file.12-0-3b9a.part", ".file.13-7-0.part"] {
            fs::write(scratch.path().join(name), "left").unwrap();
        }
        let others = [".file.of-mine.part", ".file.txt", ".files.12-0-3b9a.part"];
        for name in others {
            fs::write(scratch.path().join(name), "something else").unwrap();
        }
        let written = File::create(scratch.path().join(".file.14-0-0.part")).unwrap();
        written.try_lock_shared().unwrap();
        let first = begin(&path, Existing::Replaced).unwrap();
        let second = begin(&path, Existing::Replaced).unwrap();
        let mut expected = [&others[..], &[".file.14-0-0.part"]].concat();
        let own = [&first, &second].map(|path| path.file_name().unwrap().to_str().unwrap());
        expected.extend(own);
        expected.sort_unstable();
        assert_eq!(names(&scratch), expected);

        drop(written);
        finish(&first, &path, Existing::Replaced).unwrap();
        discard(&second);
        // It has no lock any more.
        File::open(&path).unwrap().try_lock().unwrap();
        discard(&begin(&path, Existing::Replaced).unwrap());
        let mut expected = others.to_vec();
        expected.push("file");
        expected.sort_unstable();
        assert_eq!(names(&scratch), expected);
        assert!(LOCKED.lock().unwrap().keys().all(|each| !each.starts_with(scratch.path())));
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
