//! The stable codes of diagnostics. A code never changes its meaning and is never reused: people put it
//! into searches, commit messages and scripts.

use std::fmt;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The rules cannot run.
    Error,
    /// The rules can run, and may do what nobody wants.
    Warning,
}

macro_rules! codes {
    ($($(#[doc = $summary:literal])+ $variant:ident $code:literal $severity:ident;)*) => {
        /// What kind of mistake a diagnostic is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $summary])+ $variant,)*
        }

        impl Code {
            /// Every code, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it is printed: `unknown-key`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Whether it stops the rules from running.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it says, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($summary,)+).trim_ascii(),)* }
            }

            /// What it means, why it matters, how to mend it and an example, in Markdown: sections with
            /// headings of the second level. The page lies in `code/pages`.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("code/pages/", $code, ".md")),)* }
            }
        }
    };
}

codes! {
    /// A file or folder cannot be read, or is no regular file.
    Unreadable "unreadable" Error;
    /// A folder holds no file of rules.
    NoRules "no-rules" Error;
    /// A file holds nothing, or nothing but comments.
    EmptyFile "empty-file" Error;
    /// A file is larger than 1 MiB.
    TooLarge "too-large" Error;
    /// A file is not UTF-8 text.
    NotUtf8 "not-utf8" Error;
    /// A file is not YAML.
    Syntax "yaml-syntax" Error;
    /// A document nests too deeply, or grows too much by aliases or parameters.
    TooComplex "too-complex" Error;
    /// A mapping has the same key twice.
    DuplicateKey "duplicate-key" Error;
    /// A form of YAML that rules do not use: merge keys, tags, keys that are not strings.
    UnsupportedYaml "unsupported-yaml" Error;
    /// The `apiVersion` is not `k8s-healer/v1`.
    WrongApiVersion "wrong-api-version" Error;
    /// The `kind` is none of the language's.
    WrongKind "wrong-kind" Error;
    /// The language has it, this version does not yet.
    NotSupportedYet "not-supported-yet" Error;
    /// A key that does not belong here.
    UnknownKey "unknown-key" Error;
    /// A key that must be there is not.
    MissingKey "missing-key" Error;
    /// A mapping, a list or a value stands where another of them belongs.
    WrongType "wrong-type" Error;
    /// No matcher has this name.
    UnknownMatcher "unknown-matcher" Error;
    /// No action has this name.
    UnknownAction "unknown-action" Error;
    /// An entry of a list of matchers or actions has several keys.
    TwoInOne "two-in-one" Error;
    /// A list that must name something is empty.
    EmptyList "empty-list" Error;
    /// A name is not a DNS label.
    BadName "bad-name" Error;
    /// Two rules of a pack have the same name.
    DuplicateRule "duplicate-rule" Error;
    /// Two packs have the same name.
    DuplicatePack "duplicate-pack" Error;
    /// Two documents of kind Guardrails, or two of kind RuleOverride, have the same name.
    DuplicateDocument "duplicate-document" Error;
    /// An override or a test names a rule or a pack that is not there.
    UnknownRule "unknown-rule" Error;
    /// A pack that is confined to some namespaces reaches beyond them.
    Confined "confined" Error;
    /// Not a duration such as `6m`.
    BadDuration "bad-duration" Error;
    /// Not a count such as `">= 3"`.
    BadCount "bad-count" Error;
    /// Not a glob, or a list of globs that includes nothing.
    BadGlob "bad-glob" Error;
    /// Not a regular expression.
    BadRegex "bad-regex" Error;
    /// Not an expression of CEL, or one whose cost has no bound.
    BadCel "bad-cel" Error;
    /// Not a JSONPath.
    BadPath "bad-path" Error;
    /// Not an RFC 3339 time.
    BadTime "bad-time" Error;
    /// Not a cron expression.
    BadCron "bad-cron" Error;
    /// Not the name of a time zone.
    BadTimeZone "bad-time-zone" Error;
    /// Not one of the words that may stand here.
    BadChoice "bad-choice" Error;
    /// Not the name of a resource or kind.
    BadWatch "bad-watch" Error;
    /// An operand could be read as two types: quotes or `as:` must say which.
    AmbiguousOperand "ambiguous-operand" Error;
    /// An operand is not of the type that its operator or `as:` asks for.
    BadOperand "bad-operand" Error;
    /// A label or an annotation that Kubernetes does not take.
    BadLabel "bad-label" Error;
    /// Two keys exclude each other.
    Conflict "conflict" Error;
    /// It can never be true.
    NeverTrue "never-true" Error;
    /// A patch would change what no rule may change.
    Untouchable "untouchable" Error;
    /// A parameter is declared in a way that cannot be used.
    BadParameter "bad-parameter" Error;
    /// `${name}` names no parameter of the pack, is not closed, or stands in an object of a test.
    UnknownParameter "unknown-parameter" Error;
    /// A `--set` that sets nothing.
    BadSet "bad-set" Error;
    /// A rule on every kind reads more than metadata.
    BeyondMetadata "beyond-metadata" Error;
    /// A rule does not say where it looks.
    NoScope "no-scope" Error;
    /// A rule looks for objects where this kind has none.
    WrongScope "wrong-scope" Error;
    /// An action that cannot be done to this kind.
    ImpossibleAction "impossible-action" Error;
    /// An action on terminating objects in a rule that never finds one.
    NeedsTerminating "needs-terminating" Error;
    /// An object of a test that no API server would take, or that cannot be read.
    BadObject "bad-object" Error;
    /// Not the name of an object: `resource[.group]/namespace/name`.
    BadReference "bad-reference" Error;
    /// A test names an object that it does not have.
    UnknownObject "unknown-object" Error;
    /// The steps of a test that are not in the order of their time, or end after the test.
    BadTimeline "bad-timeline" Error;
    /// Two cases of a test have the same name.
    DuplicateCase "duplicate-case" Error;
    /// A folder of tests holds rules that nobody reads.
    NotRead "not-read" Warning;
    /// A parameter that no rule uses.
    UnusedParameter "unused-parameter" Warning;
    /// A kind that nobody knows, with a name close to one that everybody knows.
    UnknownKind "unknown-kind" Warning;
    /// A rule removes pods without a look at who recreates them.
    NoOwnerCheck "no-owner-check" Warning;
    /// A rule removes objects that were in their state for less than 30 s.
    ShortFor "short-for" Warning;
    /// Entries of a rule that no object meets together: it never acts.
    Contradiction "contradiction" Warning;
    /// An action that can do nothing to what its rule finds.
    NoEffect "no-effect" Warning;
    /// `*` is the only namespace: every namespace is in reach.
    AllNamespaces "all-namespaces" Warning;
    /// A rule names only namespaces that are protected from every rule.
    ProtectedNamespaces "protected-namespaces" Warning;
    /// A rule names only namespaces that its pack is confined away from.
    OutsideConfinement "outside-confinement" Warning;
    /// Guardrails lift a built-in protection.
    LiftedProtection "lifted-protection" Warning;
    /// A path leads to a field that the kind does not have.
    UnknownField "unknown-field" Warning;
    /// A path leads to a value that its operator cannot read.
    WrongField "wrong-field" Warning;
    /// A field is compared with a text that it never is.
    UnknownValue "unknown-value" Warning;
    /// A watched kind has no schema to check its paths by.
    NoSchema "no-schema" Warning;
    /// The cluster does not serve a watched kind, or not so that it can be watched.
    NotServed "not-served" Warning;
    /// A file of schemas cannot be read.
    BadSchema "bad-schema" Warning;
}

impl Code {
    /// The code with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The code that a word which is none most likely means.
    #[must_use]
    pub fn nearest(word: &str) -> Option<Self> {
        super::suggest::nearest(word, Self::ALL.iter().map(|code| code.name())).and_then(Self::named)
    }

    /// The first paragraph of its page: what it means, in one line.
    #[must_use]
    pub fn meaning(self) -> String {
        let lines = self.page().lines().take_while(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_a_name_of_its_own_and_a_summary() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(
                code.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'8')
            );
            assert!(code.summary().ends_with('.'), "{code}");
        }
    }
}
