//! How .npy files name dtypes: as `numpy.dtype` takes them.

use distarray_kernels::DType;

use crate::literal::Literal;

/// Why a description is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescrError {
    /// There are Python objects among the elements.
    Objects,
    /// It names no dtype.
    Unknown(String),
}

/// The byte order of this machine.
const NATIVE_ORDER: char = if cfg!(target_endian = "little") { '<' } else { '>' };

/// The dtype that a description names.
///
/// One that the kernels do not compute with becomes opaque, named by its description in the form
/// that NumPy itself writes, so that equal dtypes get equal names.
///
/// # Errors
///
/// [`DescrError`] when it names none, or one with Python objects.
pub fn to_dtype(descr: &Literal) -> Result<DType, DescrError> {
    if let Literal::Text(text) = descr
        && let Some(dtype) = DType::from_name(text)
    {
        return Ok(dtype);
    }
    let (normal, itemsize) = normalise(descr)?;
    let native = DType::NATIVE.into_iter().find(|&dtype| from_dtype(dtype) == normal.repr());
    Ok(native.unwrap_or_else(|| DType::opaque(itemsize, &normal.repr())))
}

/// The description of a dtype, as Python text.
pub fn from_dtype(dtype: DType) -> String {
    let (kind, order) = match dtype {
        DType::Opaque(opaque) => return opaque.name.to_owned(),
        DType::Bool => ('b', '|'),
        DType::Int8 => ('i', '|'),
        DType::UInt8 => ('u', '|'),
        DType::Int16 | DType::Int32 | DType::Int64 => ('i', NATIVE_ORDER),
        DType::UInt16 | DType::UInt32 | DType::UInt64 => ('u', NATIVE_ORDER),
        DType::Float16 | DType::Float32 | DType::Float64 => ('f', NATIVE_ORDER),
        DType::Complex64 | DType::Complex128 => ('c', NATIVE_ORDER),
    };
    format!("'{order}{kind}{}'", dtype.itemsize())
}

/// A description in NumPy's own form, and the size of an item.
fn normalise(descr: &Literal) -> Result<(Literal, usize), DescrError> {
    match descr {
        Literal::Text(text) => simple(text),
        Literal::List(fields) => {
            let mut normal = Vec::new();
            let mut itemsize = 0_usize;
            for field in fields {
                let (field, size) = normalise_field(field)?;
                normal.push(field);
                itemsize = itemsize.checked_add(size).ok_or_else(|| unknown(descr))?;
            }
            Ok((Literal::List(normal), itemsize))
        }
        // An array of items as one item.
        Literal::Tuple(parts) => match &parts[..] {
            [items, shape] => {
                let (items, size) = normalise(items)?;
                let size = times(size, shape).ok_or_else(|| unknown(descr))?;
                Ok((Literal::Tuple(vec![items, shape.clone()]), size))
            }
            _ => Err(unknown(descr)),
        },
        _ => Err(unknown(descr)),
    }
}

/// One field of a structured dtype: a name, or a title and a name; a description; perhaps a shape.
fn normalise_field(field: &Literal) -> Result<(Literal, usize), DescrError> {
    let Literal::Tuple(parts) = field else { return Err(unknown(field)) };
    let (name, descr, shape) = match &parts[..] {
        [name, descr] => (name, descr, None),
        [name, descr, shape] => (name, descr, Some(shape)),
        _ => return Err(unknown(field)),
    };
    let is_name = match name {
        Literal::Text(_) => true,
        Literal::Tuple(pair) => {
            pair.len() == 2 && pair.iter().all(|part| matches!(part, Literal::Text(_)))
        }
        _ => false,
    };
    if !is_name {
        return Err(unknown(field));
    }
    let (descr, mut itemsize) = normalise(descr)?;
    let mut normal = vec![name.clone(), descr];
    if let Some(shape) = shape {
        itemsize = times(itemsize, shape).ok_or_else(|| unknown(field))?;
        normal.push(shape.clone());
    }
    Ok((Literal::Tuple(normal), itemsize))
}

/// The size of an array of items, whose shape is a number or a tuple of them.
fn times(itemsize: usize, shape: &Literal) -> Option<usize> {
    let lens = match shape {
        Literal::Tuple(lens) => &lens[..],
        len @ Literal::Int(_) => std::slice::from_ref(len),
        _ => return None,
    };
    lens.iter().try_fold(itemsize, |size, len| match len {
        Literal::Int(len) => size.checked_mul(usize::try_from(*len).ok()?),
        _ => None,
    })
}

/// A dtype without fields: byte order, kind, size and, for times, a unit.
fn simple(text: &str) -> Result<(Literal, usize), DescrError> {
    let refused = || unknown(&Literal::Text(text.to_owned()));
    let rest = text.trim_start_matches(['<', '>', '=', '|']);
    let order = match &text[..text.len() - rest.len()] {
        "" | "=" | "|" => NATIVE_ORDER,
        "<" => '<',
        ">" => '>',
        _ => return Err(refused()),
    };
    let mut rest = rest.chars();
    let kind = rest.next().ok_or_else(refused)?;
    let (digits, unit) = match rest.as_str().split_once('[') {
        Some((digits, unit)) => (digits, format!("[{unit}")),
        None => (rest.as_str(), String::new()),
    };
    if kind == 'O' {
        return Err(DescrError::Objects);
    }
    let is_unit = unit.strip_prefix('[').and_then(|unit| unit.strip_suffix(']'));
    let is_unit = is_unit.is_some_and(|unit| unit.chars().all(|part| part.is_ascii_alphanumeric()));
    let is_time = matches!(kind, 'm' | 'M');
    if !digits.chars().all(|digit| digit.is_ascii_digit())
        || digits.is_empty()
        || !(unit.is_empty() || (is_unit && is_time))
    {
        return Err(refused());
    }
    let number: usize = digits.parse().map_err(|_| refused())?;
    let itemsize = match (kind, number) {
        ('b', 1)
        | ('i' | 'u', 1 | 2 | 4 | 8)
        | ('f', 2 | 4 | 8 | 12 | 16)
        | ('c', 8 | 16 | 24 | 32)
        | ('m' | 'M', 8)
        | ('S' | 'a' | 'V', _) => number,
        ('U', _) => number.checked_mul(4).ok_or_else(refused)?,
        _ => return Err(refused()),
    };
    let kind = if kind == 'a' { 'S' } else { kind };
    let has_order = !matches!(kind, 'S' | 'V') && (itemsize > 1 || kind == 'U');
    let order = if has_order { order } else { '|' };
    Ok((Literal::Text(format!("{order}{kind}{number}{unit}")), itemsize))
}

fn unknown(descr: &Literal) -> DescrError {
    DescrError::Unknown(descr.repr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::literal::parse;

    fn dtype(descr: &str) -> Result<DType, DescrError> {
        to_dtype(&parse(descr).unwrap())
    }

    #[test]
    fn native_dtypes_are_recognised() {
        for native in DType::NATIVE {
            assert_eq!(dtype(&from_dtype(native)), Ok(native));
            assert_eq!(dtype(&format!("'{}'", native.name())), Ok(native));
        }
        assert_eq!(dtype("'=f8'"), Ok(DType::Float64));
        assert_eq!(dtype("'<i1'"), Ok(DType::Int8));
    }

    #[test]
    fn other_dtypes_are_opaque() {
        for (descr, name, itemsize) in [
            ("'>f8'", "'>f8'", 8),
            ("'a5'", "'|S5'", 5),
            ("'<U7'", "'<U7'", 28),
            ("'<M8[25us]'", "'<M8[25us]'", 8),
            ("'|V3'", "'|V3'", 3),
            ("'<f16'", "'<f16'", 16),
            (
                "[ (\"x\", 'i1'), (('title', 'y'), '>f4', (2,3)), ('z', [('a','<i2')]) ]",
                "[('x', '|i1'), (('title', 'y'), '>f4', (2, 3)), ('z', [('a', '<i2')])]",
                27,
            ),
        ] {
            let DType::Opaque(opaque) = dtype(descr).unwrap() else { panic!("{descr} is native") };
            assert_eq!((opaque.name, opaque.itemsize), (name, itemsize));
            assert_eq!(dtype(opaque.name), dtype(descr));
        }
    }

    #[test]
    fn objects_are_refused() {
        for descr in ["'|O'", "'O'", "'|O8'", "[('x', '<f8'), ('y', '|O')]"] {
            assert_eq!(dtype(descr), Err(DescrError::Objects), "{descr}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for descr in [
            "''",
            "'<'",
            "'f'",
            "'f3'",
            "'<<f8'",
            "'i16'",
            "'f8[s]'",
            "'M8[s'",
            "'M8[]]'",
            "3",
            "None",
            "('x',)",
            "[1]",
            "[('x',)]",
            "[(1, 'f8')]",
            "[('x', 'f8', 'y')]",
            "[('x', 'f8', (-1,))]",
            "'U9223372036854775807'",
            "'S99999999999999999999'",
            "'é8'",
            "[('x', 'f8', (9223372036854775807, 4))]",
        ] {
            assert!(matches!(dtype(descr), Err(DescrError::Unknown(_))), "{descr}");
        }
    }
}
