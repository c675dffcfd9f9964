//! The part of Python's syntax that headers are written in.

use std::fmt::Write as _;

/// A Python value, as `ast.literal_eval` reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A text.
    Text(String),
    /// `(...)`.
    Tuple(Vec<Literal>),
    /// `[...]`.
    List(Vec<Literal>),
    /// `{...}`, in the order of writing.
    Dict(Vec<(Literal, Literal)>),
}

/// What is wrong with a text, and at which character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The place, counted in characters.
    pub position: usize,
    /// What is wrong.
    pub reason: String,
}

/// How deep brackets may be nested: headers nest a few levels, and a file must not be able to
/// exhaust the stack.
const DEPTH: usize = 100;

/// Reads one value, with nothing but space around it.
///
/// # Errors
///
/// [`SyntaxError`] for anything else.
pub fn parse(text: &str) -> Result<Literal, SyntaxError> {
    let mut parser = Parser { characters: text.chars().collect(), position: 0 };
    let value = parser.value(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(other) => Err(parser.error(&format!("unexpected {other:?}"))),
    }
}

struct Parser {
    characters: Vec<char>,
    position: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.position += usize::from(next.is_some());
        next
    }

    fn skip_space(&mut self) {
        // Python knows no others.
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r' | '\x0c')) {
            self.position += 1;
        }
    }

    fn error(&self, reason: &str) -> SyntaxError {
        SyntaxError { position: self.position, reason: reason.to_owned() }
    }

    fn value(&mut self, depth: usize) -> Result<Literal, SyntaxError> {
        if depth > DEPTH {
            return Err(self.error("brackets nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            None => Err(self.error("unexpected end")),
            Some('(') => self.tuple(depth),
            Some('[') => Ok(Literal::List(self.items(']', depth)?.0)),
            Some('{') => self.dict(depth),
            Some('\'' | '"') => self.text().map(Literal::Text),
            Some('-' | '+' | '0'..='9') => self.integer(),
            Some(first) if first.is_alphabetic() => self.word(),
            Some(other) => Err(self.error(&format!("unexpected {other:?}"))),
        }
    }

    fn tuple(&mut self, depth: usize) -> Result<Literal, SyntaxError> {
        let (mut items, trailing_comma) = self.items(')', depth)?;
        // Brackets around one value without a comma only group it.
        match items.pop() {
            Some(item) if items.is_empty() && !trailing_comma => Ok(item),
            Some(item) => {
                items.push(item);
                Ok(Literal::Tuple(items))
            }
            None => Ok(Literal::Tuple(items)),
        }
    }

    /// The values up to the closing bracket, and whether a comma came last.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool), SyntaxError> {
        self.position += 1;
        let (mut items, mut comma) = (Vec::new(), false);
        loop {
            self.skip_space();
            if self.peek() == Some(close) {
                self.position += 1;
                return Ok((items, comma));
            }
            if !items.is_empty() && !comma {
                return Err(self.error(&format!("expected ',' or {close:?}")));
            }
            items.push(self.value(depth + 1)?);
            comma = self.take(',');
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, SyntaxError> {
        self.position += 1;
        let (mut entries, mut comma) = (Vec::new(), true);
        loop {
            self.skip_space();
            if self.peek() == Some('}') {
                self.position += 1;
                return Ok(Literal::Dict(entries));
            }
            if !comma {
                return Err(self.error("expected ',' or '}'"));
            }
            let key = self.value(depth + 1)?;
            if !self.take(':') {
                return Err(self.error("expected ':'"));
            }
            entries.push((key, self.value(depth + 1)?));
            comma = self.take(',');
        }
    }

    /// Takes a character, after space, if it is there.
    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn text(&mut self) -> Result<String, SyntaxError> {
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err(self.error("a text without an end")),
                Some('\\') => text.push(self.escape()?),
                next if next == quote => return Ok(text),
                Some(character) => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(same @ ('\\' | '\'' | '"')) => Ok(same),
            Some('x') => self.code(2),
            Some('u') => self.code(4),
            Some('U') => self.code(8),
            _ => Err(self.error("an escape sequence that is not known")),
        }
    }

    fn code(&mut self, digits: usize) -> Result<char, SyntaxError> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|digit| digit.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.error("expected a hexadecimal digit"))?;
        }
        char::from_u32(code).ok_or_else(|| self.error("a code that is no character"))
    }

    fn integer(&mut self) -> Result<Literal, SyntaxError> {
        let start = self.position;
        self.position += usize::from(matches!(self.peek(), Some('-' | '+')));
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.position += 1;
        }
        let digits: String = self.characters[start..self.position].iter().collect();
        let value = digits.parse().map_err(|_| self.error("an integer that cannot be read"))?;
        if value != 0 && digits.trim_start_matches(['-', '+']).starts_with('0') {
            return Err(self.error("an integer that begins with a zero"));
        }
        // Python 2 wrote long integers so.
        self.position += usize::from(self.peek() == Some('L'));
        if self.peek().is_some_and(|next| next.is_alphanumeric() || next == '.' || next == '_') {
            return Err(self.error("expected an integer"));
        }
        Ok(Literal::Int(value))
    }

    fn word(&mut self) -> Result<Literal, SyntaxError> {
        let start = self.position;
        while self.peek().is_some_and(|next| next.is_alphanumeric() || next == '_') {
            self.position += 1;
        }
        let word: String = self.characters[start..self.position].iter().collect();
        match word.as_str() {
            "None" => Ok(Literal::None),
            "True" => Ok(Literal::Bool(true)),
            "False" => Ok(Literal::Bool(false)),
            // Python 2 marked texts so.
            "u" | "b" if matches!(self.peek(), Some('\'' | '"')) => self.text().map(Literal::Text),
            _ => Err(SyntaxError { position: start, reason: format!("unexpected {word:?}") }),
        }
    }
}

impl Literal {
    /// The value as Python's `repr` writes it.
    pub fn repr(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::None => text.push_str("None"),
            Self::Bool(true) => text.push_str("True"),
            Self::Bool(false) => text.push_str("False"),
            Self::Int(value) => text.push_str(&value.to_string()),
            Self::Text(value) => write_text(value, text),
            Self::Tuple(items) => {
                write_items(items, ['(', ')'], text);
                if items.len() == 1 {
                    text.insert(text.len() - 1, ',');
                }
            }
            Self::List(items) => write_items(items, ['[', ']'], text),
            Self::Dict(entries) => {
                text.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if place > 0 { ", " } else { "" });
                    key.write(text);
                    text.push_str(": ");
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

fn write_items(items: &[Literal], brackets: [char; 2], text: &mut String) {
    text.push(brackets[0]);
    for (place, item) in items.iter().enumerate() {
        text.push_str(if place > 0 { ", " } else { "" });
        item.write(text);
    }
    text.push(brackets[1]);
}

fn write_text(value: &str, text: &mut String) {
    let quote = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\\' => text.push_str("\\\\"),
            same if same == quote => text.extend(['\\', same]),
            control if control.is_control() => {
                let code = u32::from(control);
                write!(text, "\\x{code:02x}").expect("writing to a string does not fail");
            }
            other => text.push(other),
        }
    }
    text.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_python_reads_them() {
        let cases = [
            ("()", "()"),
            ("(3)", "3"),
            ("(3,)", "(3,)"),
            (" ( 3 , 4L ) ", "(3, 4)"),
            ("[1, [2], (-3,)]", "[1, [2], (-3,)]"),
            ("{'a': True, \"b\" : None,}", "{'a': True, 'b': None}"),
            ("u'it\\'s'", "\"it's\""),
            ("'\\x41\\u00e9\\n'", "'A\u{e9}\\n'"),
            ("'both \\' and \"'", "'both \\' and \"'"),
        ];
        for (text, repr) in cases {
            assert_eq!(parse(text).unwrap().repr(), repr, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "(",
            "(,)",
            "[1 2]",
            "{1}",
            "{'a': 1",
            "'open",
            "open",
            "1.5",
            "1e5",
            "0x10",
            "-",
            "1_000",
            "04",
            "-01",
            "(1,\u{a0}2)",
            "1\x0b",
            "{'a': 1 'b': 2}",
            "1 2",
            "'\\q'",
            "__import__('os')",
            "1+1",
            &deep,
            "99999999999999999999999999999999999999999999",
        ] {
            assert!(parse(text).is_err(), "{}", &text[..text.len().min(20)]);
        }
        assert_eq!(parse("(1, ?)").unwrap_err().position, 4);
    }
}
