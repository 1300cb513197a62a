use super::Service;
use crate::error::Result;
#[derive(Clone, Debug)]
pub struct LastUses;
pub async fn sweep(_: &Service) -> Result<u64> {
    unimplemented!()
}
pub async fn flush_last_uses(_: &Service) -> Result<()> {
    unimplemented!()
}
