//! The assets that an output names (spec R3.11): its hash covers their ids and hashes. Floor 3.

use std::collections::{BTreeMap, HashMap};

use entities::asset::{self, AssetStatus};
use entities::id::AssetId;
use entities::json::JsonText;
use entities::task::{self, TaskStatus};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::auth::actor::Caller;
use crate::error::{Error, Fault, Result};
use crate::service::Service;

/// The hash of an output, `hashed` being the form in which it is taken: with commitments in the place of personal values. BAD_USER_INPUT where
/// the task's assignee hands in and it names assets that cannot be named.
///
/// Without assets the hash is that of the canonical JSON, with assets that of `{"assets": […], "output": …}`.
pub(in crate::service) async fn hash_output(
    service: &Service,
    caller: &Caller,
    task: &task::Model,
    output: &Value,
    hashed: &JsonText,
) -> Result<String> {
    let hands_in = task.status == TaskStatus::InProgress && caller.agent_id() == task.assignee_id;
    let named = named(output);
    // Whoever else calls is refused for that, and learns nothing of assets.
    if !hands_in || named.is_empty() {
        return Ok(hashed.sha256());
    }
    let found: HashMap<AssetId, asset::Model> = find_named(&service.db, output)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let faults: Vec<Fault> = named
        .iter()
        .filter_map(|(id, pointer)| fault(task, *id, pointer, found.get(id)))
        .collect();
    if !faults.is_empty() {
        return Err(Error::BadUserInput(faults));
    }
    let found = named.keys().filter_map(|id| found.get(id));
    Ok(digest(&hashed.value(), found))
}

/// The assets that an output names, by their ids; what is not there any more is left out.
pub(in crate::service) async fn find_named(
    db: &impl ConnectionTrait,
    output: &Value,
) -> Result<Vec<asset::Model>> {
    let named = named(output);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    Ok(asset::Entity::find()
        .filter(asset::Column::Id.is_in(named.into_keys()))
        .order_by_asc(asset::Column::Id)
        .all(db)
        .await?)
}

/// The hash that an output has now; none where an asset that it names is gone.
pub(in crate::service) async fn hash_now(
    db: &impl ConnectionTrait,
    output: &JsonText,
    hashed: &JsonText,
) -> Result<Option<String>> {
    let value = output.value();
    let count = named(&value).len();
    if count == 0 {
        return Ok(Some(hashed.sha256()));
    }
    let found = find_named(db, &value).await?;
    let gone = found.iter().any(|row| row.status == AssetStatus::Deleted);
    Ok((found.len() == count && !gone).then(|| digest(&hashed.value(), found.iter())))
}

/// Where each id stands first: a JSON pointer into the output.
fn named(output: &Value) -> BTreeMap<AssetId, String> {
    let mut found = BTreeMap::new();
    let mut places = vec![(String::new(), output)];
    while let Some((pointer, value)) = places.pop() {
        match value {
            Value::String(text) => {
                if let Ok(id) = text.parse() {
                    found.insert(id, pointer);
                }
            }
            // Last first, so that the first place is the one that stays.
            Value::Array(list) => {
                let below = list.iter().enumerate();
                places.extend(below.map(|(index, value)| (format!("{pointer}/{index}"), value)));
            }
            Value::Object(map) => {
                let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
                let below = map.iter();
                places.extend(
                    below.map(|(key, value)| (format!("{pointer}/{}", escaped(key)), value)),
                );
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

fn fault(
    task: &task::Model,
    id: AssetId,
    pointer: &str,
    asset: Option<&asset::Model>,
) -> Option<Fault> {
    // A check speaks of the assets that it was given.
    let given = task.check_of_attempt.is_some() && named(&task.input.value()).contains_key(&id);
    let of_task = |asset: &&asset::Model| match asset.task_id {
        _ if given => true,
        Some(of) => of == task.id,
        None => Some(&asset.creator_id) == task.assignee_id.as_ref(),
    };
    // What is another's reads like what there is not.
    let message = match asset.filter(of_task) {
        None => format!("there is no asset {id} of this task"),
        Some(asset) if asset.status == AssetStatus::Deleted => {
            format!("asset {id} was deleted")
        }
        Some(asset) if asset.awaits_bytes() => format!("the bytes of asset {id} were not put yet"),
        Some(_) => return None,
    };
    let fault = Fault::of("output", "asset", message).found(&json!(id));
    Some(Fault {
        pointer: format!("/output{pointer}"),
        ..fault
    })
}

fn digest<'a>(output: &Value, assets: impl Iterator<Item = &'a asset::Model>) -> String {
    let mut assets: Vec<(String, Option<&str>)> = assets
        .map(|row| (row.id.to_string(), row.sha256.as_deref()))
        .collect();
    assets.sort_unstable();
    let assets: Vec<Value> = assets
        .into_iter()
        .map(|(id, sha256)| json!({"id": id, "sha256": sha256}))
        .collect();
    JsonText::of(&json!({"assets": assets, "output": output})).sha256()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> AssetId {
        AssetId::new(Uuid::from_u128(number))
    }

    #[test]
    fn an_output_names_an_asset_by_a_string_that_is_its_id_and_nothing_else() {
        let (one, two) = (id(1).to_string(), id(2).to_string());
        let output = json!({
            "a/b": [one, {"~": two}],
            "again": one,
            "said": format!("see {one}"),
            "number": 1,
            one.clone(): null,
        });
        let expected = [(id(1), "/a~1b/0"), (id(2), "/a~1b/1/~0")];
        let expected = expected.map(|(id, pointer)| (id, pointer.to_owned()));
        assert_eq!(named(&output), BTreeMap::from(expected));
        assert!(named(&json!("task_00000000000000000000000001")).is_empty());
    }
}
