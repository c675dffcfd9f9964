//! The header of an .npy file.

use std::path::Path;

use distarray_kernels::DType;
use serde::{Deserialize, Serialize};

use super::descr::{self, DescrError};
use crate::file::Source;
use crate::literal::{self, Literal};
use crate::{Layout, Result, StorageError};

/// How every .npy file begins.
const MAGIC: &[u8] = b"\x93NUMPY";

/// The data begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// No header is longer, however long the file says that it is.
const LONGEST: u64 = 16 << 20;

/// As many axes as NumPy's arrays can have.
const MOST_AXES: usize = 64;

/// NumPy leaves room in the header for the length of the slowest axis to grow to so many digits.
const GROWTH_DIGITS: usize = 21;

/// What an .npy file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The dtype of the elements; opaque, if it is none that the kernels compute with, and then
    /// named by the text of its description.
    pub dtype: DType,
    /// Where the elements lie.
    pub layout: Layout,
}

impl Header {
    /// The header for an array that is to be written.
    ///
    /// # Errors
    ///
    /// [`StorageError::Region`] for an array too large for a file, or an opaque dtype whose name is
    /// not the text of a description.
    pub fn new(dtype: DType, shape: &[usize], fortran_order: bool) -> Result<Self> {
        let itemsize = dtype.itemsize();
        let layout = Layout { offset: 0, itemsize, shape: shape.to_vec(), fortran_order };
        let mut header = Self { dtype, layout };
        let is_described = literal::parse(&descr::from_dtype(dtype))
            .is_ok_and(|descr| descr::to_dtype(&descr) == Ok(dtype));
        if !is_described {
            return Err(StorageError::Region(format!("{dtype} cannot be saved in an .npy file")));
        }
        header.layout.offset = header.to_bytes().len() as u64;
        if header.layout.end().is_none() {
            let reason = format!("an array of shape {shape:?} is too large for a file");
            return Err(StorageError::Region(reason));
        }
        Ok(header)
    }

    /// The header for an array whose dtype this Python text describes, as it stands in a header.
    ///
    /// # Errors
    ///
    /// [`StorageError::Region`] for a text that describes none, one of Python objects, or an array
    /// too large for a file.
    pub fn described(descr: &str, shape: &[usize], fortran_order: bool) -> Result<Self> {
        let dtype = literal::parse(descr).ok().and_then(|descr| descr::to_dtype(&descr).ok());
        let dtype = dtype.ok_or_else(|| {
            StorageError::Region(format!("{descr} cannot be saved in an .npy file"))
        })?;
        Self::new(dtype, shape, fortran_order)
    }

    /// The header as it stands in a file, as NumPy writes it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = self.layout.shape.iter().map(|&len| Literal::Int(len as i128)).collect();
        let mut text = format!(
            "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}",
            descr::from_dtype(self.dtype),
            Literal::Bool(self.layout.fortran_order).repr(),
            Literal::Tuple(shape).repr(),
        );
        let slowest = if self.layout.fortran_order {
            self.layout.shape.last()
        } else {
            self.layout.shape.first()
        };
        if let Some(len) = slowest {
            let digits = len.to_string().len();
            text.extend(std::iter::repeat_n(' ', GROWTH_DIGITS.saturating_sub(digits)));
        }
        let latin: Option<Vec<u8>> =
            text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
        let (mut version, text) = match latin {
            Some(latin) => (1, latin),
            None => (3, text.into_bytes()),
        };
        // The length field has 2 bytes in version 1 and 4 in the others.
        let padded = |field: usize| {
            let unpadded = MAGIC.len() + 2 + field + text.len() + 1;
            unpadded.next_multiple_of(ALIGNMENT) - MAGIC.len() - 2 - field
        };
        let mut len = padded(2);
        if version == 1 && len > usize::from(u16::MAX) {
            version = 2;
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        if version == 1 {
            bytes.extend((len as u16).to_le_bytes());
        } else {
            len = padded(4);
            bytes.extend((len as u32).to_le_bytes());
        }
        let end = bytes.len() + len;
        bytes.extend(text);
        bytes.resize(end - 1, b' ');
        bytes.push(b'\n');
        bytes
    }

    /// Reads the header at position `base` of a file, with which an .npy file begins there, and sees
    /// to it that the file is as long as it says.
    ///
    /// # Errors
    ///
    /// [`StorageError`] for anything but a whole .npy file without objects.
    pub fn read(file: &impl Source, base: u64) -> Result<Self> {
        let found = file.end()?.saturating_sub(base);
        let path = file.path();
        let truncated =
            |needed: u64| StorageError::Truncated { path: path.to_owned(), needed, found };
        let fixed = MAGIC.len() + 2;
        let mut start = vec![0; fixed.min(found as usize)];
        file.read_at(&mut start, base)?;
        let magic = &start[..start.len().min(MAGIC.len())];
        if !MAGIC.starts_with(magic) {
            let (expected, found) = (MAGIC.to_vec(), magic.to_vec());
            return Err(StorageError::Magic { path: path.to_owned(), expected, found });
        }
        if start.len() < fixed {
            return Err(truncated(fixed as u64));
        }
        let (major, minor) = (start[MAGIC.len()], start[MAGIC.len() + 1]);
        let field = match (major, minor) {
            (1, 0) => 2,
            (2 | 3, 0) => 4,
            _ => return Err(StorageError::Version { path: path.to_owned(), major, minor }),
        };
        let begin = (fixed + field) as u64;
        if found < begin {
            return Err(truncated(begin));
        }
        let mut len = [0; 4];
        file.read_at(&mut len[..field], base + fixed as u64)?;
        let len = u64::from(u32::from_le_bytes(len));
        let offset = begin + len;
        if found < offset {
            return Err(truncated(offset));
        }
        if len > LONGEST {
            return Err(bad(path, "header length", format!("{len} bytes are too many")));
        }
        let mut text = vec![0; len as usize];
        file.read_at(&mut text, base + begin)?;
        let text = if major == 3 {
            String::from_utf8(text).map_err(|error| StorageError::Syntax {
                path: path.to_owned(),
                position: error.utf8_error().valid_up_to(),
                reason: "text that is not UTF-8".to_owned(),
            })?
        } else {
            text.into_iter().map(char::from).collect()
        };
        let mut header = Self::parse(&text, offset, path)?;
        let end = header.layout.end();
        header.layout.offset += base;
        match end {
            Some(end) if end > found => Err(truncated(end)),
            Some(_) => Ok(header),
            None => {
                let reason = format!("{:?} is too large", header.layout.shape);
                Err(bad(path, "shape", reason))
            }
        }
    }

    fn parse(text: &str, offset: u64, path: &Path) -> Result<Self> {
        let literal = literal::parse(text).map_err(|error| StorageError::Syntax {
            path: path.to_owned(),
            position: error.position,
            reason: error.reason,
        })?;
        let Literal::Dict(entries) = literal else {
            return Err(StorageError::Syntax {
                path: path.to_owned(),
                position: 0,
                reason: "expected a dictionary".to_owned(),
            });
        };
        let (mut dtype, mut fortran_order, mut shape) = (None, None, None);
        for (key, value) in &entries {
            match key {
                Literal::Text(key) if key == "descr" => dtype = Some(parse_descr(value, path)?),
                Literal::Text(key) if key == "fortran_order" => {
                    let Literal::Bool(value) = value else {
                        return Err(bad(path, key, format!("{} is no bool", value.repr())));
                    };
                    fortran_order = Some(*value);
                }
                Literal::Text(key) if key == "shape" => {
                    let lens = parse_shape(value);
                    shape =
                        Some(lens.map_err(|reason| bad(path, key, value.repr() + " " + reason))?);
                }
                other => return Err(bad(path, &other.repr(), "unknown key".to_owned())),
            }
        }
        let missing = |key: &str| bad(path, key, "it is missing".to_owned());
        let dtype = dtype.ok_or_else(|| missing("descr"))?;
        let fortran_order = fortran_order.ok_or_else(|| missing("fortran_order"))?;
        let shape = shape.ok_or_else(|| missing("shape"))?;
        let layout = Layout { offset, itemsize: dtype.itemsize(), shape, fortran_order };
        Ok(Self { dtype, layout })
    }
}

fn parse_descr(descr: &Literal, path: &Path) -> Result<DType> {
    descr::to_dtype(descr).map_err(|error| match error {
        DescrError::Objects => StorageError::Objects { path: path.to_owned() },
        DescrError::Unknown(descr) => bad(path, "descr", format!("{descr} is no dtype")),
    })
}

fn parse_shape(shape: &Literal) -> std::result::Result<Vec<usize>, &'static str> {
    let Literal::Tuple(lens) = shape else { return Err("is no tuple") };
    if lens.len() > MOST_AXES {
        return Err("has too many axes");
    }
    let len = |len: &Literal| match len {
        Literal::Int(len) if *len < 0 => Err("has a negative length"),
        Literal::Int(len) => usize::try_from(*len).map_err(|_| "has a length that is too large"),
        _ => Err("has a length that is no integer"),
    };
    lens.iter().map(len).collect()
}

fn bad(path: &Path, key: &str, reason: String) -> StorageError {
    StorageError::Header { path: path.to_owned(), key: key.to_owned(), reason }
}
