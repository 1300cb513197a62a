//! Lists: connections, edges and page information, alike for every noun. Floor 4.

use std::borrow::Cow;

use async_graphql::{Context, Object, ObjectType, SimpleObject, TypeName};

use super::error::Refusal;
use super::request::Asked;
use super::scalar::Cursor;
use crate::service::page::{Page, PageRequest};

/// How many nodes a page has when nothing else is said.
pub const DEFAULT_FIRST: i32 = 20;

/// Reads the arguments of a list. The total is counted only when it is selected: it costs a query of its own.
pub(super) fn request(
    ctx: &Context<'_>,
    first: Option<i32>,
    after: Option<Cursor>,
) -> Result<PageRequest, Refusal> {
    let total = ctx.look_ahead().field("totalCount").exists();
    let first = first.unwrap_or(DEFAULT_FIRST);
    let request = PageRequest::new(first, after.map(Into::into), total, &ctx.service().settings)?;
    Ok(request)
}

/// A count as the contract has it; the few that could be larger than its `Int` are cut there.
pub(super) fn count(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// One page of a list.
pub struct Connection<N>(Page<N>);

impl<N> Connection<N> {
    /// The page of API objects of a page of rows.
    pub(super) fn of<R>(page: Page<R>) -> Self
    where
        N: From<R>,
    {
        Self(page.map(N::from))
    }
}

impl<N: ObjectType> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

/// One page of a list, and where it stands in the whole.
#[Object(name_type)]
impl<N: ObjectType + Clone> Connection<N> {
    /// The nodes of this page, each with its cursor.
    async fn edges(&self) -> Vec<Edge<N>> {
        let edges = self.0.items.iter().cloned();
        edges
            .map(|(cursor, node)| Edge {
                cursor: Cursor(cursor),
                node,
            })
            .collect()
    }

    /// The nodes of this page.
    async fn nodes(&self) -> Vec<&N> {
        self.0.items.iter().map(|(_, node)| node).collect()
    }

    /// Where this page begins and ends, and whether there is more.
    async fn page_info(&self) -> PageInfo {
        let cursor = |item: Option<&(crate::service::page::Cursor, N)>| {
            item.map(|(cursor, _)| Cursor(cursor.clone()))
        };
        PageInfo {
            has_next_page: self.0.has_next,
            has_previous_page: self.0.has_previous,
            start_cursor: cursor(self.0.items.first()),
            end_cursor: cursor(self.0.items.last()),
        }
    }

    /// How many nodes the whole list has for this caller. Counted only when it is asked for.
    async fn total_count(&self) -> i32 {
        count(self.0.total.unwrap_or_default())
    }
}

/// A node and its place in a list.
pub struct Edge<N> {
    cursor: Cursor,
    node: N,
}

impl<N: ObjectType> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// A node and its place in the list.
#[Object(name_type)]
impl<N: ObjectType> Edge<N> {
    /// Where it stands: the list goes on after it when this is given as `after`.
    async fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What stands there.
    async fn node(&self) -> &N {
        &self.node
    }
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Whether more nodes follow this page.
    has_next_page: bool,
    /// Whether nodes came before this page.
    has_previous_page: bool,
    /// The cursor of its first node; null on an empty page.
    start_cursor: Option<Cursor>,
    /// The cursor of its last node: what to give as `after` for the next page; null on an empty page.
    end_cursor: Option<Cursor>,
}
