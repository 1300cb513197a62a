//! Requests that ask for far more than they say. Each is made here, so that what it does can be read.

mod body;

use serde_json::Value;

/// How a hostile request comes.
pub enum Sent {
    /// As the document of a POST.
    Document(String),
    /// As the JSON of a POST.
    Json(Value),
    /// As the body of a POST.
    Body(Vec<u8>),
    /// As the query component of a GET.
    Url(String),
    /// As the body of a POST with this content coding.
    Encoded(&'static str, Vec<u8>),
}

/// `count` things, each by its number.
fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

fn nested(head: &str, open: &str, middle: &str, close: &str, tail: &str, levels: usize) -> String {
    let (open, close) = (open.repeat(levels), close.repeat(levels));
    format!("{head}{open}{middle}{close}{tail}")
}

/// Fragments of which each spreads the next `times`.
fn ladder(root: &str, on: &str, steps: usize, times: usize, last: &str) -> String {
    let step = |n: usize| {
        let spread = format!("...f{} ", n + 1).repeat(times);
        format!("fragment f{n} on {on} {{ {spread}}} ")
    };
    format!(
        "{root} {} fragment f{steps} on {on} {{ {last} }}",
        many(steps, step)
    )
}

/// All of them, by name.
pub fn all() -> Vec<(&'static str, Sent)> {
    let mut all: Vec<_> = fragments()
        .into_iter()
        .chain(width())
        .chain(depth())
        .chain(text())
        .map(|(name, document)| (name, Sent::Document(document)))
        .collect();
    all.extend(body::variables());
    all.extend(body::bodies());
    all
}

fn fragments() -> Vec<(&'static str, String)> {
    let me = "{ me { ...f0 } }";
    vec![
        (
            "the doubling ladder on the root, 25 steps",
            ladder("{ ...f0 }", "Query", 25, 2, "me { id }"),
        ),
        (
            "the doubling ladder on an object, 28 steps",
            ladder(me, "Agent", 28, 2, "id"),
        ),
        (
            "a tenfold ladder, 8 steps",
            ladder(me, "Agent", 8, 10, "id"),
        ),
        (
            "a hundredfold ladder, 3 steps",
            ladder(me, "Agent", 3, 100, "id"),
        ),
        (
            "a ladder of fields",
            ladder(me, "Agent", 10, 1, "id").replace(
                "{ ...f",
                "{ a: supervisor { ...f5 } b: supervisor { ...f5 } ...f",
            ),
        ),
        (
            "a ladder that no operation spreads",
            ladder("{ me { id } }", "Agent", 25, 2, "id"),
        ),
        (
            "a ladder on a type that there is not",
            ladder("{ ...f0 }", "Nothing", 25, 2, "id"),
        ),
        (
            "a ladder that ends nowhere",
            ladder(me, "Agent", 25, 2, "...nowhere"),
        ),
        (
            "a ladder that ends at its beginning",
            ladder(me, "Agent", 25, 2, "...f0"),
        ),
        (
            "a ladder that uses a variable at its end",
            ladder(
                "query($v: Boolean!) { me { ...f0 } }",
                "Agent",
                25,
                2,
                "id @skip(if: $v)",
            ),
        ),
        (
            "a ladder that uses a variable that there is not",
            ladder(me, "Agent", 25, 2, "id @skip(if: $w)"),
        ),
        (
            "a fragment that spreads itself",
            "{ me { ...a } } fragment a on Agent { id ...a }".to_owned(),
        ),
        (
            "a ring of 500 fragments",
            many(500, |n| {
                format!("fragment f{n} on Agent {{ ...f{} }} ", (n + 1) % 500)
            }) + me,
        ),
        (
            "a chain of 1,000 fragments",
            ladder(me, "Agent", 1_000, 1, "id"),
        ),
        (
            "3,000 fragments that nobody spreads",
            "{ me { id } } ".to_owned()
                + &many(1_400, |n| format!("fragment f{n} on Agent {{ id }} ")),
        ),
        (
            "one fragment spread 4,000 times",
            format!(
                "{{ me {{ {} }} }} fragment f on Agent {{ {} }}",
                "...f ".repeat(4_000),
                "id ".repeat(500)
            ),
        ),
        (
            "one fragment in 1,000 selections",
            format!(
                "{{ me {{ {} }} }} fragment f on Agent {{ {} }}",
                "supervisor { ...f } ".repeat(1_000),
                "id ".repeat(1_000)
            ),
        ),
        (
            "a fragment under 50 operations",
            many(50, |n| format!("query q{n} {{ me {{ ...f }} }} "))
                + &format!("fragment f on Agent {{ {} }}", "id ".repeat(4_000)),
        ),
        (
            "conflicting fields in one fragment, spread 500 times",
            format!(
                "{{ me {{ {} }} }} fragment f on Agent {{ {} }}",
                "supervisor { ...f } ".repeat(500),
                many(99, |n| format!(
                    "a: {} ",
                    if n % 2 == 0 { "id" } else { "name" }
                ))
            ),
        ),
        (
            "inline fragments 32 deep around 2,000 fields",
            nested("{ me { ", "... { ", &"id ".repeat(2_000), "} ", "} }", 30),
        ),
    ]
}

fn width() -> Vec<(&'static str, String)> {
    let alias = |count: usize, field: &str| many(count, |n| format!("a{n}: {field} "));
    vec![
        ("10,000 aliases of one field", format!("{{ me {{ {} }} }}", alias(10_000, "id"))),
        ("200 aliases of a list", format!("{{ {} }}", alias(200, "agents(first: 200) { nodes { id } }"))),
        ("100 lists at the root", format!("{{ {} }}", alias(100, "agents(first: 200) { nodes { id name } }"))),
        ("3,000 fields at the root", format!("{{ {} }}", "me { id } ".repeat(2_400))),
        ("1,000 logins in one mutation", format!("mutation {{ {} }}", alias(1_000, "authenticate(agentId: \"SYSTEM-001\", secret: \"x\") { token }"))),
        ("51 logins in one mutation", format!("mutation {{ {} }}", alias(51, "authenticate(agentId: \"L1-ART-001\", secret: \"x\") { token }"))),
        ("lists of lists", "{ agents(first: 200) { nodes { tasks(first: 200) { nodes { children(first: 200) { nodes { id } } } } } } }".to_owned()),
        ("a page of two thousand million", "{ agents(first: 2000000000) { nodes { id } } }".to_owned()),
        ("a page of less than none", "{ agents(first: -2147483648) { nodes { id } } }".to_owned()),
        ("a page by a variable's default", "query($n: Int = 2000000000) { agents(first: $n) { nodes { tasks(first: $n) { nodes { id } } } } }".to_owned()),
        ("nodes of 9,000 ids", format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"x\" ".repeat(9_000))),
        ("2,000 operations", many(1_600, |n| format!("query q{n} {{ a }} "))),
        ("50 operations of lists of lists", many(50, |n| format!("query q{n} {{ agents(first: 200) {{ nodes {{ tasks(first: 200) {{ nodes {{ id name }} }} }} }} }} "))),
        ("the same operation 1,000 times", "query q { me { id } } ".repeat(1_000)),
        ("1,000 anonymous operations", "{ me { id } } ".repeat(1_000)),
        ("2,000 variables", format!("query({}) {{ me {{ id }} }}", many(2_000, |n| format!("$v{n}: ID ")))),
        ("the same variable 2,000 times", format!("query({}) {{ me {{ id }} }}", "$v: ID ".repeat(2_000))),
        ("3,000 directives in one place", format!("{{ me {{ id {} }} }}", "@skip(if: false) ".repeat(1_600))),
        ("3,000 unknown directives", format!("{{ me {{ id {} }} }}", many(3_000, |n| format!("@nothing{n} ")))),
        ("a directive everywhere", format!("{{ me {{ {} }} }}", "id @include(if: true) ".repeat(1_200))),
        ("3,000 arguments", format!("{{ agents({}) {{ totalCount }} }}", many(3_000, |n| format!("a{n}: 1 ")))),
        ("the same argument 3,000 times", format!("{{ agents({}) {{ totalCount }} }}", "first: 1 ".repeat(3_000))),
        ("9,000 unknown fields", format!("{{ {} }}", many(9_000, |n| format!("agnets{n} ")))),
        ("10 unknown fields with names of a thousand bytes", format!("{{ me {{ {} }} }}", many(10, |n| format!("{}{n} ", "supervisor".repeat(100))))),
        ("3,000 wrong arguments", format!("{{ {} }}", "agents(frist: 1) { totalCount } ".repeat(900))),
        ("100 errors of validation at once", format!("{{ {} }}", "agents(first: \"x\") ".repeat(100))),
        ("100 errors with long names", format!("{{ me {{ {} }} }}", many(100, |n| format!("{}: {} ", "a".repeat(1_000), if n % 2 == 0 { "id" } else { "name" })))),
        ("100 refused roots", format!("{{ {} }}", alias(100, "agent(id: \"L1-NOBODY\") { id }"))),
        ("4,000 fields that must have a selection", format!("{{ me {{ {} }} }}", "supervisor ".repeat(4_000))),
        ("the schema, 90 times", format!("{{ {} }}", alias(90, "__schema { types { name fields { name type { name ofType { name } } } } }"))),
        ("the schema, in circles", "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }".to_owned()),
    ]
}

fn depth() -> Vec<(&'static str, String)> {
    let levels = 50_000;
    vec![
        (
            "fields nested without end",
            nested("{a", "{a", "", "}", "}", levels),
        ),
        (
            "fields nested 90 deep",
            nested("{ me { ", "supervisor { ", "id ", "} ", "} }", 90),
        ),
        (
            "inline fragments nested without end",
            nested("{a", "{...{a", "", "}}", "}", levels / 2),
        ),
        (
            "lists nested without end",
            nested("{a(b:", "[", "1", "]", ")}", levels),
        ),
        (
            "lists nested 95 deep",
            nested("{ agents(first: ", "[", "1", "]", ") { totalCount } }", 95),
        ),
        (
            "objects nested without end",
            nested("{a(b:", "{c:", "1", "}", ")}", levels),
        ),
        (
            "types nested without end",
            nested("query($v: ", "[", "Int", "]", ") {a}", levels),
        ),
        (
            "types nested 95 deep",
            nested("query($v: ", "[", "Int", "]", ") { me { id } }", 95),
        ),
        (
            "defaults nested without end",
            nested("query($v: Int = ", "[", "1", "]", ") {a}", levels),
        ),
        (
            "arguments of directives nested without end",
            nested("{a @b(c:", "[", "1", "]", ")}", levels),
        ),
        ("brackets that never close", "{".repeat(200_000)),
        ("brackets that never open", "}".repeat(200_000)),
        (
            "brackets behind a string that does not end",
            format!("{{ a(b: \" \n {}", "[".repeat(100_000)),
        ),
    ]
}

fn text() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("nothing but spaces", " ".repeat(250_000)),
        ("nothing but commas", ",".repeat(250_000)),
        ("nothing but a comment", "#".repeat(250_000)),
        ("100,000 comments", "#\n".repeat(100_000)),
        (
            "a megabyte of comment",
            format!("{{ me {{ id }} }} #{}", "x".repeat(1_000_000)),
        ),
        (
            "quotes that are escaped and never end",
            format!("{{ a(b: {}", "\\\"".repeat(120_000)),
        ),
        (
            "block strings that are escaped and never end",
            format!("{{ a(b: {}", "\\\"\"\"".repeat(60_000)),
        ),
        (
            "10,000 empty strings",
            format!("{{ a(b: [{}]) }}", "\"\" ".repeat(10_000)),
        ),
        (
            "a string of 250,000 bytes",
            format!("{{ agent(id: \"{}\") {{ id }} }}", "x".repeat(250_000)),
        ),
        (
            "a string of 40,000 escapes",
            format!("{{ agent(id: \"{}\") {{ id }} }}", "\\u00e9".repeat(40_000)),
        ),
        (
            "half of a pair of surrogates",
            "{ agent(id: \"\\ud800\") { id } }".to_owned(),
        ),
        (
            "a name of 250,000 bytes",
            format!("{{ {} }}", "a".repeat(250_000)),
        ),
        (
            "250 names of 1,000 bytes",
            format!(
                "{{ {} }}",
                many(250, |n| format!("{}{n:03} ", "a".repeat(1_000)))
            ),
        ),
        (
            "a number of 250,000 digits",
            format!(
                "{{ agents(first: {}) {{ totalCount }} }}",
                "9".repeat(250_000)
            ),
        ),
        (
            "a number beyond all numbers",
            "{ agents(first: 1e999999999) { totalCount } }".to_owned(),
        ),
        (
            "a number of 1,000 digits",
            format!(
                "{{ agents(first: {}) {{ totalCount }} }}",
                "9".repeat(1_000)
            ),
        ),
        (
            "a fraction of 1,000 digits",
            format!(
                "{{ agents(first: 0.{}) {{ totalCount }} }}",
                "1".repeat(1_000)
            ),
        ),
        (
            "letters that are none of the grammar's",
            "{ \u{202e}\u{1f98a}\u{0301} }".repeat(5_000),
        ),
        (
            "marks that turn the text around",
            format!("{{ me {{ id }} }} # {}", "\u{202e}\u{2066}".repeat(10_000)),
        ),
        ("zeros", "\0".repeat(100_000)),
        (
            "a byte order mark on every token",
            "\u{feff}{\u{feff}me\u{feff}{\u{feff}id\u{feff}}}".to_owned(),
        ),
        ("definitions of types", "type A { a: A } ".repeat(1_500)),
        ("ampersands and bars", "&|".repeat(100_000)),
        ("dots", "...".repeat(80_000)),
    ]
}
