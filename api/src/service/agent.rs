use super::Service;
use crate::error::Result;
use entities::agent;
pub async fn get(_: &Service, _: &str) -> Result<agent::Model> {
    unimplemented!()
}
