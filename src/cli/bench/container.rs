//! Containers for declarations that are made up: each has one of its own, of another owner than the one before.

use crate::identifier::ContainerNumber;

/// Serial numbers that containers of one owner have.
const SERIALS: u64 = 1_000_000;
/// Containers that there are: so many of each owner, which is three letters.
pub(super) const CONTAINERS: u64 = 26 * 26 * 26 * SERIALS;
/// From one declaration to the next, containers go on by so many: to another owner. It has no divisor in common with the
/// number of all, so that each comes once before any comes again.
const CONTAINER_STRIDE: u64 = 1_000_003;

/// The container of the declaration with this number, with its check digit (ISO 6346).
pub(super) fn container(number: u64) -> Option<ContainerNumber> {
    let place = number % CONTAINERS * CONTAINER_STRIDE % CONTAINERS;
    let (owner, serial) = (place / SERIALS, u32::try_from(place % SERIALS).ok()?);
    let letter = |power: u64| char::from_digit(u32::try_from(owner / power % 26).unwrap_or_default() + 10, 36);
    let owner: Option<String> = [letter(26 * 26), letter(26), letter(1), Some('u')].into_iter().collect();
    ContainerNumber::of(&owner?.to_uppercase(), serial).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_go_on_to_another_owner_and_come_again_when_all_were_there() {
        let said = |number| container(number).unwrap().to_string();
        assert!(said(0).starts_with("AAAU000000") && said(1).starts_with("AABU000003"), "{} {}", said(0), said(1));
        assert_eq!(said(CONTAINERS), said(0));
        assert_ne!(said(CONTAINERS - 1), said(0));
        assert_eq!(CONTAINERS % SERIALS, 0);
        let divides = |of: u64| CONTAINER_STRIDE.is_multiple_of(of);
        assert!(![2, 5, 13].into_iter().any(divides), "containers would come again early");
    }
}
