//! rules
use crate::codes::CodeLists;
use crate::declaration::{Draft, RuleFinding, Severity, guide::Breach};
use crate::language::Language;
use crate::partner::Partner;
use jiff::{Timestamp, tz::TimeZone};
/// Context
#[derive(Debug)]
pub struct Context<'a> {
    /// c
    pub codes: &'a CodeLists,
    /// c
    pub partner: &'a Partner,
    /// c
    pub received_at: Timestamp,
    /// c
    pub zone: &'a TimeZone,
    /// c
    pub settings: &'a RuleSettings,
    /// c
    pub language: Language,
}
/// s
#[derive(Debug, Clone, Default)]
pub struct RuleSettings {}
/// j
pub fn judge(_draft: &Draft, _context: &Context<'_>) -> Vec<RuleFinding> {
    Vec::new()
}
/// c
pub fn cut(findings: Vec<RuleFinding>, _language: Language) -> Vec<RuleFinding> {
    findings
}
/// f
pub fn finding_of(breach: &Breach, _language: Language) -> RuleFinding {
    RuleFinding {
        code: breach.code.clone(),
        severity: Severity::Error,
        line: breach.line,
        segment: breach.point.clone(),
        span: breach.span.clone(),
        text: format!("{:?}", breach.kind),
    }
}
