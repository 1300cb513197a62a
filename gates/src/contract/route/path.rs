//! Paths of a description, and which of them a request is for.

/// A path with places for parameters in it.
#[derive(Clone, Debug)]
pub(super) struct Template {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// These letters.
    Word(String),
    /// Any segment but an empty one.
    Any,
    /// All that is left, slashes too, if it is not nothing.
    Rest,
}

impl Template {
    /// Reads `/assets/{id}/content`; `has_slashes` says of a parameter whether slashes may be in it, and such a one stands last.
    pub(super) fn read(text: &str, has_slashes: impl Fn(&str) -> bool) -> Self {
        let segments = text.split('/').skip(1).map(|segment| {
            let name = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            match name {
                Some(name) if has_slashes(name) => Segment::Rest,
                Some(_) => Segment::Any,
                None => Segment::Word(segment.to_owned()),
            }
        });
        Self {
            segments: segments.collect(),
        }
    }

    /// How exactly a path is of this template, more being more exact; none when it is not of it. A described word goes before a parameter.
    pub(super) fn fit(&self, path: &str) -> Option<Vec<u8>> {
        let mut given = path.split('/').skip(1);
        let mut fit = Vec::new();
        for segment in &self.segments {
            let found = given.next()?;
            fit.push(match segment {
                Segment::Word(word) if word == found => 2,
                Segment::Word(_) => return None,
                Segment::Any | Segment::Rest if found.is_empty() => return None,
                Segment::Any => 1,
                Segment::Rest => {
                    fit.push(0);
                    return Some(fit);
                }
            });
        }
        given.next().is_none().then_some(fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_before_parameters_and_slashes_only_where_they_may_be() {
        let template = |text: &str| Template::read(text, |name| name == "index");
        let tile = template("/tile/{level}/{index}");
        let entries = template("/tile/entries/{index}");
        assert!(entries.fit("/tile/entries/x001/002") > tile.fit("/tile/entries/x001/002"));
        assert_eq!(entries.fit("/tile/0/x001/002"), None);
        assert!(tile.fit("/tile/0/x001/002").is_some());
        for other in ["/tile/0", "/tile/0/", "/tiles/0/1", "/"] {
            assert_eq!(tile.fit(other), None, "{other}");
        }
        let content = template("/assets/{id}/content");
        assert!(content.fit("/assets/a/content").is_some());
        for other in [
            "/assets/a/b/content",
            "/assets//content",
            "/assets/a/content/",
        ] {
            assert_eq!(content.fit(other), None, "{other}");
        }
    }
}
