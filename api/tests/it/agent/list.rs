//! Lists of agents, and seeing (spec R1.09).

use entities::agent::AgentTier as T;
use ziggie::error::Code;
use ziggie::service::agent::{self, Filter, Register};
use ziggie::service::page::{Cursor, PageRequest};

use super::code;
use crate::world::{World, id, on_each_database, plain};

pub(super) async fn studio(world: &World) {
    let named = |line: Register, name: &str, capabilities: &[&str]| Register {
        name: name.to_owned(),
        capabilities: Some(capabilities.iter().map(|one| (*one).to_owned()).collect()),
        ..line
    };
    for line in [
        named(plain("L1-ART-001", T::L1, None), "ARTEMIS", &["DRAW"]),
        named(plain("L1-ENG-001", T::L1, None), "100%_Éngine", &[]),
        named(
            plain("L2-CHAR-001", T::L2, Some("L1-ART-001")),
            "Characters",
            &["DRAW_FINE", "PAINT"],
        ),
        named(
            plain("L2-PROP-001", T::L2, Some("L1-ART-001")),
            "Props",
            &["DRAW"],
        ),
        named(
            plain("L3-CHAR-001", T::L3, Some("L2-CHAR-001")),
            "Poses",
            &[],
        ),
    ] {
        world.register(line).await;
    }
}

pub(super) async fn ids(world: &World, filter: Filter) -> Vec<String> {
    let request = PageRequest {
        first: 50,
        after: None,
        total: true,
    };
    let page = agent::list(&world.service, filter, &request).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as u64));
    page.items
        .into_iter()
        .map(|(_, agent)| agent.id.to_string())
        .collect()
}

#[tokio::test]
async fn lists_are_narrowed_by_tier_supervisor_capability_and_search() {
    on_each_database(async |world| {
        studio(&world).await;
        let none = Filter::default;
        assert_eq!(ids(&world, none()).await.len(), 7);
        let tier = Filter {
            tier: Some(T::L1),
            ..none()
        };
        assert_eq!(ids(&world, tier).await, ["L1-ART-001", "L1-ENG-001"]);
        let reports = |of: &str| Filter {
            supervisor_id: Some(of.into()),
            ..none()
        };
        assert_eq!(
            ids(&world, reports("L1-ART-001")).await,
            ["L2-CHAR-001", "L2-PROP-001"]
        );
        assert!(ids(&world, reports("no id")).await.is_empty());
        let capable = |of: &str| Filter {
            capability: Some(of.into()),
            ..none()
        };
        // The whole word, whose underscore is no wildcard.
        assert_eq!(
            ids(&world, capable("DRAW")).await,
            ["L1-ART-001", "L2-PROP-001"]
        );
        assert_eq!(ids(&world, capable("DRAW_FINE")).await, ["L2-CHAR-001"]);
        for nobody in ["DRAW%", "DRAW\",\"PAINT", "D"] {
            assert!(ids(&world, capable(nobody)).await.is_empty(), "{nobody}");
        }
        let search = |text: &str| Filter {
            search: Some(text.into()),
            ..none()
        };
        assert_eq!(ids(&world, search("artemis")).await, ["L1-ART-001"]);
        assert_eq!(
            ids(&world, search("cHaR")).await,
            ["L2-CHAR-001", "L3-CHAR-001"]
        );
        assert_eq!(ids(&world, search("%_É")).await, ["L1-ENG-001"]);
        assert!(ids(&world, search("_ART")).await.is_empty());
        assert_eq!(ids(&world, search("")).await.len(), 7);
        let both = Filter {
            tier: Some(T::L3),
            ..search("char")
        };
        assert_eq!(ids(&world, both).await, ["L3-CHAR-001"]);
        let long = agent::list(
            &world.service,
            search(&"x".repeat(201)),
            &PageRequest::default(),
        )
        .await;
        assert_eq!(code(&long), Some(Code::BadUserInput));
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor_without_gap_or_repetition() {
    on_each_database(async |world| {
        studio(&world).await;
        let mut seen = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let request = PageRequest {
                first: 2,
                after: after.clone(),
                total: false,
            };
            let page = agent::list(&world.service, Filter::default(), &request)
                .await
                .unwrap();
            assert_eq!(page.has_previous, after.is_some());
            assert_eq!(page.total, None);
            after = page.items.last().map(|(cursor, _)| cursor.clone());
            seen.extend(page.items.into_iter().map(|(_, agent)| agent.id));
            if !page.has_next {
                break;
            }
            // Who joins behind the cursor is found, who joins before it is not: nobody twice.
            if seen.len() == 2 {
                world.register(plain("L1-AAA-001", T::L1, None)).await;
                world.register(plain("L1-ZZZ-001", T::L1, None)).await;
            }
        }
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(seen, sorted);
        assert!(seen.contains(&id("L1-ZZZ-001")) && !seen.contains(&id("L1-AAA-001")));
        let foreign = PageRequest {
            first: 2,
            after: Some(Cursor::of("tasks", &"L1-ART-001")),
            total: false,
        };
        let refused = agent::list(&world.service, Filter::default(), &foreign).await;
        assert_eq!(code(&refused), Some(Code::BadUserInput));
    })
    .await;
}

#[tokio::test]
async fn configuration_is_seen_by_the_agent_its_line_above_and_system() {
    on_each_database(async |world| {
        let director = world.agent("L1-ART-001", T::L1, None).await;
        let other = world.agent("L1-ENG-001", T::L1, None).await;
        let specialist = world.agent("L2-CHAR-001", T::L2, Some("L1-ART-001")).await;
        let micro = world.agent("L3-CHAR-001", T::L3, Some("L2-CHAR-001")).await;
        let service = &world.service;
        let row = agent::get(service, "L2-CHAR-001").await.unwrap();
        for (caller, sees) in [
            (&world.operator, true),
            (&director, true),
            (&specialist, true),
            (&other, false),
            (&micro, false),
            (&world.stranger(), false),
        ] {
            assert_eq!(
                agent::sees_configuration(service, caller, &row),
                sees,
                "{:?}",
                caller.agent_id()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn rows_are_found_one_by_one_and_many_at_once() {
    on_each_database(async |world| {
        studio(&world).await;
        let service = &world.service;
        let many = agent::find_many(service, &[id("L1-ART-001"), id("L1-NOBODY-001")])
            .await
            .unwrap();
        assert_eq!(many.keys().collect::<Vec<_>>(), [&id("L1-ART-001")]);
        assert_eq!(agent::find(service, "not an id").await.unwrap(), None);
        assert_eq!(
            code(&agent::get(service, "L1-NOBODY-001").await),
            Some(Code::NotFound)
        );
    })
    .await;
}
