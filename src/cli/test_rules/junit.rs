//! `--format junit`: the form that CI systems agree on, a suite for each file.

use std::io::{self, Write};
use std::time::Duration;

use super::machine::diff;
use super::results::{GapLine, Results, Status};

/// What `--fail-under` asks for, as a test: what is not a test is not shown as failed by the viewers of CI systems.
fn junit_of_coverage(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let (Some(least), Some(coverage)) = (results.least, &results.coverage) else { return Ok(()) };
    let too_little = results.too_little();
    let failed = u8::from(too_little.is_some());
    writeln!(out, "  <testsuite name=\"coverage\" tests=\"1\" failures=\"{failed}\" errors=\"0\">")?;
    let case = format!("    <testcase classname=\"coverage\" name=\"at least {least}% of the rules\"");
    match too_little {
        None => writeln!(out, "{case}/>")?,
        Some(message) => {
            let gaps: Vec<String> = coverage.gaps.iter().map(GapLine::line).collect();
            let (message, gaps) = (escaped(&message), escaped(&gaps.join("\n")));
            writeln!(out, "{case}>\n      <failure message=\"{message}\">{gaps}</failure>\n    </testcase>")?;
        }
    }
    writeln!(out, "  </testsuite>")
}

/// ` time="0.001"`, where it was measured.
fn time(elapsed: Option<Duration>) -> String {
    elapsed.map(|elapsed| format!(" time=\"{:.3}\"", elapsed.as_secs_f64())).unwrap_or_default()
}

pub(super) fn junit(results: &Results, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let of_coverage = usize::from(results.least.is_some() && results.coverage.is_some());
    let (cases, broken) = (results.cases.len() + of_coverage, results.broken());
    let failed = results.failed() + usize::from(results.too_little().is_some());
    writeln!(
        out,
        "<testsuites name=\"k8s-healer test-rules\" tests=\"{cases}\" failures=\"{failed}\" errors=\"{broken}\"{}>",
        time(results.elapsed)
    )?;
    for (file, cases) in results.by_file() {
        let count = |is: fn(&Status) -> bool| cases.iter().filter(|case| is(&case.status)).count();
        let failed = count(|status| *status == Status::Failed);
        let broken = count(Status::is_broken);
        let name = escaped(file);
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"{broken}\"{}>",
            cases.len(),
            // Nothing was measured, or all was.
            time(cases.iter().filter_map(|case| case.elapsed).reduce(|all, one| all + one))
        )?;
        for case in cases {
            let (class, title) = (escaped(&case.test), escaped(&case.name));
            write!(
                out,
                "    <testcase classname=\"{class}\" name=\"{title}\" file=\"{name}\" line=\"{}\"{}",
                case.line,
                time(case.elapsed)
            )?;
            let element = match &case.status {
                Status::Passed => {
                    writeln!(out, "/>")?;
                    continue;
                }
                Status::Failed => "failure",
                Status::Broken(_) | Status::Unread(_) | Status::Unreadable(_) => "error",
            };
            let message = escaped(&case.message());
            writeln!(
                out,
                ">\n      <{element} message=\"{message}\">{}</{element}>",
                escaped(&diff(case).join("\n"))
            )?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    junit_of_coverage(results, out)?;
    writeln!(out, "</testsuites>")
}

/// XML knows no other control characters, not even as references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_breaks_out_of_the_xml() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}[2J\nd"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}[2J\nd");
    }
}
