//! The header of a dnpy file: where a piece belongs in the whole array.
//!
//! The format is a public one: magic bytes, a version, the length and the text of a Python
//! dictionary with the keys `__version__` and `dim_data`, then the piece as an .npy file.

use crate::literal::{self, Literal, SyntaxError};

/// The versions of the Distributed Array Protocol that are known.
const PROTOCOLS: [&str; 2] = ["0.10.0", "0.10"];

/// How much of a text is shown that cannot be read.
const SHOWN: usize = 80;

/// What the header of a dnpy file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The version of the Distributed Array Protocol.
    pub version: String,
    /// The protocol's dictionary for each axis, as it is written: nothing in it has been checked.
    pub dim_data: Vec<Vec<(Literal, Literal)>>,
}

/// Why the text of a header is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is not in ASCII.
    #[error("the header is no Python literal: {text:?} is not in ASCII")]
    Text {
        /// The beginning of the text.
        text: String,
    },
    /// It is none of Python's literals.
    #[error("the header is no Python literal: {reason} at character {position} of {text:?}")]
    Syntax {
        /// The beginning of the text.
        text: String,
        /// Where in the text.
        position: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is another literal than a dictionary.
    #[error("the header is no dictionary: {text:?}")]
    Dictionary {
        /// The beginning of the text.
        text: String,
    },
    /// There are other keys.
    #[error("the header has the keys [{found}], not ['__version__', 'dim_data']")]
    Keys {
        /// The keys, as Python writes them.
        found: String,
    },
    /// The version of the protocol is not known.
    #[error("version {found} of the Distributed Array Protocol can't be read")]
    Protocol {
        /// The version, as Python writes it.
        found: String,
    },
    /// There is no dictionary for each axis.
    #[error("dim_data in the header is no tuple of dictionaries")]
    DimData,
}

/// Reads the text of a header, with the spaces around it.
///
/// # Errors
///
/// [`HeaderError`] for anything but what the format says.
///
/// ```
/// use distarray_storage::dnpy::parse;
///
/// let header = parse(b"{'__version__': '0.10.0', 'dim_data': ({'size': 3},), }   \n").unwrap();
/// assert_eq!(header.dim_data.len(), 1);
/// assert!(parse(b"{'__version__': '0.10.0'}").is_err());
/// ```
pub fn parse(bytes: &[u8]) -> Result<Header, HeaderError> {
    let shown = || {
        let text: String = bytes.iter().map(|&byte| char::from(byte)).take(SHOWN).collect();
        text
    };
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()) else {
        return Err(HeaderError::Text { text: shown() });
    };
    let value = literal::parse(text).map_err(|SyntaxError { position, reason }| {
        HeaderError::Syntax { text: shown(), position, reason }
    })?;
    let Literal::Dict(entries) = value else {
        return Err(HeaderError::Dictionary { text: shown() });
    };
    let (mut version, mut dim_data) = (None, None);
    for (key, value) in &entries {
        match key {
            Literal::Text(key) if key == "__version__" => version = Some(value),
            Literal::Text(key) if key == "dim_data" => dim_data = Some(value),
            _ => return Err(keys(&entries)),
        }
    }
    let (Some(version), Some(dim_data)) = (version, dim_data) else { return Err(keys(&entries)) };
    let version = match version {
        Literal::Text(version) if PROTOCOLS.contains(&version.as_str()) => version.clone(),
        other => return Err(HeaderError::Protocol { found: other.repr() }),
    };
    let Literal::Tuple(axes) = dim_data else { return Err(HeaderError::DimData) };
    let dim_data = axes
        .iter()
        .map(|axis| match axis {
            Literal::Dict(entries) => Ok(entries.clone()),
            _ => Err(HeaderError::DimData),
        })
        .collect::<Result<_, _>>()?;
    Ok(Header { version, dim_data })
}

fn keys(entries: &[(Literal, Literal)]) -> HeaderError {
    let found: Vec<String> = entries.iter().map(|(key, _)| key.repr()).take(SHOWN).collect();
    HeaderError::Keys { found: found.join(", ") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &[u8] = b"{'__version__': '0.10.0', 'dim_data': ({'dist_type': 'b', 'size': 3, \
        'proc_grid_rank': 0, 'proc_grid_size': 1, 'start': 0, 'stop': 3, 'padding': (0, 1), \
        'periodic': True}, {'indices': [3, -1]}), }      \n";

    #[test]
    fn headers_are_read() {
        let header = parse(GOOD).unwrap();
        assert_eq!(header.version, "0.10.0");
        let [first, second] = &header.dim_data[..] else { panic!("{header:?}") };
        assert_eq!(first.len(), 8);
        let indices = Literal::List(vec![Literal::Int(3), Literal::Int(-1)]);
        assert_eq!(second[..], [(Literal::Text("indices".to_owned()), indices)]);
        assert!(parse(b"{'dim_data': (), '__version__': '0.10'}").unwrap().dim_data.is_empty());
    }

    #[test]
    fn others_are_refused() {
        for (text, beginning) in [
            (&b""[..], "the header is no Python literal: unexpected end"),
            (b"{'\xe9': 1}", "the header is no Python literal"),
            (b"['__version__', 'dim_data']", "the header is no dictionary"),
            (b"{'__version__': '0.10.0'}", "the header has the keys ['__version__'], not"),
            (b"{'__version__': '0.10.0', 'dim_data': (), 3: 4}", "the header has the keys"),
            (b"{'__version__': '0.9.0', 'dim_data': ()}", "version '0.9.0' of the Distributed"),
            (b"{'__version__': 10, 'dim_data': ()}", "version 10 of the Distributed"),
            (b"{'__version__': '0.10.0', 'dim_data': ({})}", "dim_data in the header is no"),
            (b"{'__version__': '0.10.0', 'dim_data': (1,)}", "dim_data in the header is no"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.starts_with(beginning), "{message}");
        }
    }

    proptest! {
        /// Whatever the bytes, there is an answer and no panic.
        #[test]
        fn any_bytes_are_survived(
            damage in prop::collection::vec((0..GOOD.len(), any::<u8>()), 0..6),
            cut in 0..GOOD.len(),
        ) {
            let mut bytes = GOOD.to_vec();
            for (place, byte) in damage {
                bytes[place] = byte;
            }
            bytes.truncate(GOOD.len() - cut / 8);
            let _ = parse(&bytes);
        }
    }
}
