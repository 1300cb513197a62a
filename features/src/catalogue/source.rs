//! Reads steps and parameter types out of their sources: what a compiled step does not tell, its sentence as it was written and what is said about it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use syn::{
    Attribute, Expr, ExprLit, Ident, Item, ItemFn, ItemMacro, Lit, LitStr, Meta, Token,
    parse::{Parse, ParseStream},
    spanned::Spanned as _,
};

use super::{Keyword, Parameter, Step};

/// Everything that the sources beneath a folder say.
pub(super) fn read(root: &Path) -> Result<(Vec<Step>, Vec<Parameter>)> {
    let (mut steps, mut parameters) = (Vec::new(), Vec::new());
    for path in sources(root)? {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if !text.contains("cucumber::") {
            continue;
        }
        let file = path.strip_prefix(root).unwrap_or(&path);
        let file = file.display().to_string();
        read_one(&file, &text, &mut steps, &mut parameters).with_context(|| file.clone())?;
    }
    Ok((steps, parameters))
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            // They have worlds of their own.
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read_one(
    file: &str,
    text: &str,
    steps: &mut Vec<Step>,
    parameters: &mut Vec<Parameter>,
) -> Result<()> {
    let source = syn::parse_file(text)?;
    let concept = doc(&source.attrs);
    for item in &source.items {
        match item {
            Item::Fn(function) => steps_of(file, &concept, function, steps)?,
            Item::Struct(item) => parameters.extend(parameter(file, &item.attrs, &item.ident)?),
            Item::Enum(item) => parameters.extend(parameter(file, &item.attrs, &item.ident)?),
            Item::Macro(item) => parameters.extend(word(file, item)?),
            _ => {}
        }
    }
    Ok(())
}

fn steps_of(file: &str, concept: &str, function: &ItemFn, steps: &mut Vec<Step>) -> Result<()> {
    for attribute in &function.attrs {
        let keyword = attribute.path().get_ident().map(ToString::to_string);
        let Some(keyword) = keyword.and_then(|word| Keyword::of_attribute(&word)) else {
            continue;
        };
        let (pattern, is_regex) = pattern(attribute)?;
        steps.push(Step {
            keyword,
            pattern,
            is_regex,
            doc: doc(&function.attrs),
            concept: concept.to_owned(),
            file: file.to_owned(),
            line: attribute.span().start().line,
            example: None,
        });
    }
    Ok(())
}

/// What stands in `#[when("…")]`, `#[when(expr = "…")]` or `#[when(regex = "…")]`, and whether it is a regular expression.
fn pattern(attribute: &Attribute) -> Result<(String, bool)> {
    if let Ok(text) = attribute.parse_args::<LitStr>() {
        return Ok((text.value(), false));
    }
    let Meta::NameValue(named) = attribute.parse_args::<Meta>()? else {
        bail!("a step's attribute names a pattern");
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &named.value
    else {
        bail!("a step's pattern is a text");
    };
    Ok((text.value(), named.path.is_ident("regex")))
}

fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(named) = &attribute.meta
            && named.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &named.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    // What is promised stands in the first paragraph.
    let first = lines.split(String::is_empty).next().unwrap_or_default();
    first.join(" ")
}

/// Whether a text is written as a raw string, or with escapes other than of the backslash.
fn is_verbatim(text: &LitStr) -> bool {
    let written = text.token().to_string();
    written.starts_with('r') || written.replace(r"\\", "").contains('\\')
}

/// A type with `#[param(name = "…", regex = "…")]`.
fn parameter(file: &str, attributes: &[Attribute], ident: &Ident) -> Result<Option<Parameter>> {
    let Some(attribute) = attributes.iter().find(|one| one.path().is_ident("param")) else {
        return Ok(None);
    };
    let (mut name, mut regex) = (None, None);
    attribute.parse_nested_meta(|meta| {
        let text = meta.value()?.parse::<LitStr>()?;
        if meta.path.is_ident("name") {
            name = Some(text.value());
        } else if meta.path.is_ident("regex") {
            regex = Some(text);
        }
        Ok(())
    })?;
    let regex = regex.context("a parameter type has a regular expression")?;
    Ok(Some(Parameter {
        name: name.unwrap_or_else(|| ident.to_string().to_lowercase()),
        type_name: ident.to_string(),
        is_verbatim: is_verbatim(&regex),
        regex: regex.value(),
        doc: doc(attributes),
        file: file.to_owned(),
        is_list: false,
    }))
}

/// `word! { /// … \n Agent, "agent", "…" }` and `words! { /// … \n Agents of Agent, "agents", "…" }`.
struct Word {
    attributes: Vec<Attribute>,
    ident: Ident,
    is_list: bool,
    name: LitStr,
    regex: LitStr,
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let ident: Ident = input.parse()?;
        let is_list = input.peek(Ident);
        if is_list {
            let (_of, _item): (Ident, Ident) = (input.parse()?, input.parse()?);
        }
        let _: Token![,] = input.parse()?;
        let name = input.parse()?;
        let _: Token![,] = input.parse()?;
        let regex = input.parse()?;
        Ok(Self {
            attributes,
            ident,
            is_list,
            name,
            regex,
        })
    }
}

fn word(file: &str, item: &ItemMacro) -> Result<Option<Parameter>> {
    if !item.mac.path.is_ident("word") && !item.mac.path.is_ident("words") {
        return Ok(None);
    }
    let word: Word = item.mac.parse_body()?;
    Ok(Some(Parameter {
        name: word.name.value(),
        type_name: word.ident.to_string(),
        is_verbatim: is_verbatim(&word.regex),
        regex: word.regex.value(),
        doc: doc(&word.attributes),
        file: file.to_owned(),
        is_list: word.is_list,
    }))
}
