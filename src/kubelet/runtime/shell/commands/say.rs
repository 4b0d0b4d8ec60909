//! How `echo` and `printf` read what they write.

pub(super) fn escapes(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\r", "\r")
        .replace("\\\\", "\\")
}

pub(super) fn printf(args: &[String]) -> String {
    let mut args = args.iter();
    let format = escapes(args.next().map(String::as_str).unwrap_or_default());
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        while chars
            .peek()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        {
            chars.next();
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(_) => out.push_str(args.next().map(String::as_str).unwrap_or_default()),
            None => {}
        }
    }
    out
}
