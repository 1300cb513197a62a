//! Who is above each task is kept in step with who holds what: the table says what climbing from task to task would (spec R1.09).

use sea_orm::{ConnectionTrait, Statement};
use ziggie::error::Code;
use ziggie::service::task;

use super::{Studio, drawing};
use crate::world::{World, on_each_database};

/// How many rows are missing from the table, are in it without reason, and are in it at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) missing: i64,
    pub(crate) surplus: i64,
    pub(crate) rows: i64,
}

const COMPARE: &str = "WITH RECURSIVE above(task_id, maker_id, ancestor_id) AS (\
    SELECT id, creator_id, parent_id FROM tasks WHERE parent_id IS NOT NULL \
    UNION ALL SELECT above.task_id, above.maker_id, ancestor.parent_id \
    FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id WHERE ancestor.parent_id IS NOT NULL), \
    climbed AS (\
    SELECT above.task_id, ancestor.creator_id AS agent_id FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id \
    WHERE ancestor.creator_id <> above.maker_id \
    UNION SELECT above.task_id, ancestor.assignee_id FROM above JOIN tasks ancestor ON ancestor.id = above.ancestor_id \
    WHERE ancestor.assignee_id <> above.maker_id), \
    kept AS (SELECT task_id, agent_id FROM task_ancestor_agents) \
    SELECT (SELECT COUNT(*) FROM (SELECT * FROM climbed EXCEPT SELECT * FROM kept) AS one) AS missing, \
    (SELECT COUNT(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM climbed) AS other) AS surplus, \
    (SELECT COUNT(*) FROM kept) AS kept_rows";

impl Kept {
    pub(crate) async fn of(world: &World) -> Self {
        let door = world.back_door().await;
        let statement = Statement::from_string(door.get_database_backend(), COMPARE);
        let row = door.query_one_raw(statement).await.unwrap().unwrap();
        let count = |name| row.try_get("", name).unwrap();
        Self {
            missing: count("missing"),
            surplus: count("surplus"),
            rows: count("kept_rows"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_what_is_below_a_task_follows_whoever_holds_it() {
    on_each_database(async |world| {
        let studio = Studio::open(world).await;
        let service = studio.service();
        let below = async |parent: &entities::task::Model, to: &str, by| {
            let child = task::Create {
                parent_id: Some(parent.id.to_string()),
                ..drawing()
            };
            let child = task::delegate(service, by, to, child).await.unwrap();
            let holder = if to.starts_with("L3") {
                &studio.micro
            } else {
                &studio.specialist
            };
            let id = child.id.to_string();
            task::start(service, holder, &id).await.unwrap()
        };
        // The director's, done by itself; under it one of the specialist's, and under that one of its micro-task agent's.
        let top = task::execute(service, &studio.director, drawing())
            .await
            .unwrap();
        let middle = below(&top, "L2-CHAR-001", &studio.director).await;
        let bottom = below(&middle, "L3-CHAR-POSE-001", &studio.specialist).await;
        let kept = Kept::of(&studio.world).await;
        assert_eq!((kept.missing, kept.surplus), (0, 0));
        // Whom the director is: of the bottom alone, since it made the middle.
        assert_eq!(kept.rows, 1);

        let id = middle.id.to_string();
        task::fail(
            service,
            &studio.specialist,
            &id,
            Some(middle.attempt),
            "cannot".to_owned(),
            false,
        )
        .await
        .unwrap();
        let other = Some("L2-NET-001".to_owned());
        task::retry(service, &studio.director, &id, other, None)
            .await
            .unwrap();
        let kept = Kept::of(&studio.world).await;
        assert_eq!((kept.missing, kept.surplus), (0, 0));
        // The other specialist holds the middle now. The first made the bottom.
        assert_eq!(kept.rows, 2);
        let bottom = bottom.id.to_string();
        for caller in [&studio.other_specialist, &studio.other_director] {
            assert!(task::get(service, caller, &bottom).await.is_ok());
        }
        let back = Some("L2-CHAR-001".to_owned());
        task::assign(
            service,
            &studio.director,
            &id,
            back.as_deref().unwrap(),
            None,
        )
        .await
        .unwrap();
        assert_eq!(Kept::of(&studio.world).await.rows, 1);
        for caller in [&studio.other_specialist, &studio.other_director] {
            let hidden = task::get(service, caller, &bottom).await.unwrap_err();
            assert_eq!(hidden.code(), Code::NotFound);
        }
    })
    .await;
}
