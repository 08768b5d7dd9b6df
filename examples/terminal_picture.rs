//! Draws what a program wrote to a terminal: ANSI text on standard input, an SVG picture on standard output.
//! `scripts/picture` makes the README's picture with it.

use std::io::{self, Read, Write};

use anstyle_svg::{Term, WIN10_CONSOLE};

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let picture = Term::new().palette(WIN10_CONSOLE).min_width_px(1000).render_svg(&text);
    io::stdout().write_all(picture.as_bytes())
}
