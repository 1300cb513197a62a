#[derive(Clone, Debug)]
pub struct Keys;
