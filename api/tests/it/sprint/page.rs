//! One page of a sprint, with its phases, waves and tasks, costs the same number of statements whatever its size.

use entities::sprint::PhaseKind;
use serde_json::json;
use ziggie::auth::actor::Caller;
use ziggie::graphql;
use ziggie::store::fault::{Fault, Kind as FaultKind};

use super::studio;
use crate::graphql::request;
use crate::task::Studio;
use crate::world::on_each_database;

const PAGE: &str = "query($id: ID!) { sprint(id: $id) { name status progress lead { id } starter { id } phases { index kind weight status progress \
    evidence gateRun { rating } waves { index status taskCount tasks(first: 50) { totalCount nodes { \
    id status type { name } assignee { id name } wave accepted waitingFor phase { index sprint { id } } } pageInfo { hasNextPage } } } } } }";

/// How many statements a page costs, and how many tasks it shows.
async fn cost(studio: &Studio, caller: &Caller, sprint: &str) -> (usize, usize) {
    let schema = graphql::build(studio.service().clone());
    let counter = Fault::new(FaultKind::NotMade, usize::MAX);
    let asked = schema.execute(caller, request(PAGE, json!({"id": sprint})));
    let answer = counter.befall(asked).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    let data = serde_json::to_value(answer.data).unwrap();
    let shown = data["sprint"]["phases"].as_array().unwrap().iter();
    let waves = shown.flat_map(|phase| phase["waves"].as_array().unwrap());
    let counts = waves.map(|wave| {
        let nodes = wave["tasks"]["nodes"].as_array().unwrap().len();
        assert_eq!(wave["tasks"]["totalCount"], nodes);
        nodes
    });
    (counter.calls(), counts.sum())
}

#[tokio::test]
async fn a_page_of_a_sprint_costs_the_same_whatever_its_size() {
    on_each_database(async |world| {
        let studio = studio(world).await;
        let small = studio.sprint(&[(PhaseKind::Planning, &[1])]).await;
        let large = studio
            .sprint(&[
                (PhaseKind::Planning, &[4]),
                (PhaseKind::Infrastructure, &[4]),
                (PhaseKind::Implementation, &[3, 6, 6]),
                (PhaseKind::Integration, &[3]),
                (PhaseKind::E2eTesting, &[16]),
                (PhaseKind::QualityGates, &[]),
                (PhaseKind::Documentation, &[4]),
            ])
            .await;
        for caller in [&studio.director, &studio.specialist, &studio.world.operator] {
            let (of_small, one) = cost(&studio, caller, &small).await;
            let (of_large, all) = cost(&studio, caller, &large).await;
            assert_eq!((one, all), (1, 46));
            assert_eq!(of_small, of_large);
            // The sprint, agents, how its tasks stand, its waves' tasks and their counts, types, and what they wait for.
            assert!((5..=14).contains(&of_large), "{of_large} statements");
        }
    })
    .await;
}
