//! Family T, time: dates in their window, and time limits before loading.

use jiff::{SignedDuration, Zoned};

use super::mode::Mode;
use super::rule::{Report, Rule, Spot};
use super::{Context, RuleSettings, value};
use crate::declaration::{Draft, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule::warning("T501")
        .says(
            "The declaration came at {received}[, less than {limit} h before loading at {loading}][, after loading at {past}]",
            "La déclaration est arrivée le {received}[, moins de {limit} h avant le chargement du {loading}][, après le \
             chargement du {past}]",
        )
        .remedy(
            "Report earlier: 48 h before loading by water, 2 h by air, rail and mail, before export by road and otherwise, \
             unless the administration set other limits",
            "Déclarez plus tôt : 48 h avant le chargement par eau, 2 h par air, par rail et par la poste, avant l'exportation \
             par la route et autrement, sauf si l'administration a fixé d'autres limites",
        )
        .weighed_by("late", late)
        .checked_by(loading),
    Rule::warning("T502")
        .says(
            "The date of export {value} was past when the declaration came on {received}",
            "La date d'exportation {value} était passée quand la déclaration est arrivée le {received}",
        )
        .remedy(
            "Report before export; if the date is wrong, correct it. The planned loading time says more exactly what is \
             late",
            "Déclarez avant l'exportation; si la date est erronée, corrigez-la. L'heure prévue du chargement dit plus \
             exactement ce qui est tardif",
        )
        .weighed_by("late", late)
        .checked_by(export_past),
    Rule::warning("T503")
        .says(
            "Loading is planned for {loading}, after the date of export {date}",
            "Le chargement est prévu le {loading}, après la date d'exportation {date}",
        )
        .remedy("Correct one of the two", "Corrigez l'une des deux")
        .checked_by(loading_after_export),
    Rule::error("T510")
        .says(
            "The date of export {value} is more than {limit} days ahead",
            "La date d'exportation {value} est dans plus de {limit} jours",
        )
        .remedy("Report when the date is nearer", "Déclarez quand la date sera plus proche")
        .checked_by(export_ahead),
    Rule::warning("T520")
        .says(
            "The date of certification {value} is later than the day of receipt {received}",
            "La date d'attestation {value} est postérieure au jour de réception {received}",
        )
        .remedy("State the day on which it was certified", "Indiquez le jour de l'attestation")
        .checked_by(certification),
];

/// Hours of a day as calendars count it.
const HOURS_OF_DAY: i64 = 24;

fn late(context: &Context<'_>) -> Severity {
    context.settings.late
}

/// At the limit itself is in time.
fn loading(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(stated) = &draft.planned_loading else { return };
    let Some(mode) = value(&draft.mode) else { return };
    let limit = Mode::of(mode).limit_hours(context.settings);
    let left = stated.value.duration_since(context.received_at);
    if left < SignedDuration::from_hours(i64::from(limit)) {
        let received = second(&context.received_at.to_zoned(context.zone.clone()));
        let loading = second(&stated.value.to_zoned(context.zone.clone()));
        let (before, past) = if limit == 0 { ("", loading.as_str()) } else { (loading.as_str(), "") };
        report.say(
            Spot::header(stated),
            &[("received", &received), ("limit", &limit), ("loading", &before), ("past", &past)],
        );
    }
}

/// Only a day is known: it is past when the day of receipt is a later one.
fn export_past(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.export_date
        && draft.planned_loading.is_none()
        && stated.value < context.today
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("received", &context.today)]);
    }
}

/// The day after is let pass: the date is that of the place of exit, which may be zones away.
fn loading_after_export(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.planned_loading
        && let Some(date) = value(&draft.export_date)
        && date.tomorrow().is_ok_and(|next| next < context.zone.to_datetime(stated.value).date())
    {
        let loading = second(&stated.value.to_zoned(context.zone.clone()));
        report.say(Spot::header(stated), &[("loading", &loading), ("date", date)]);
    }
}

fn export_ahead(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let RuleSettings { export_days_ahead_max, .. } = context.settings;
    if let Some(stated) = &draft.export_date
        && context.today.duration_until(stated.value).as_hours() > i64::from(*export_days_ahead_max) * HOURS_OF_DAY
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("limit", export_days_ahead_max)]);
    }
}

fn certification(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.certification_date
        && context.today < stated.value
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("received", &context.today)]);
    }
}

/// A moment as people write it, with the zone's offset.
fn second(moment: &Zoned) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp, civil::date};

    use super::super::case::{Case, RECEIVED_AT, check, put, set, texts};
    use crate::declaration::Severity;
    use crate::language::Language;

    /// Loading so many minutes after receipt, by this mode.
    fn loads(mode: &'static str, minutes: i64) -> impl FnOnce(&mut Case) {
        move |case| {
            set(&mut case.draft.mode, mode);
            case.draft.vessel = case.draft.vessel.take().filter(|_| matches!(mode, "1" | "8"));
            let moment: Timestamp = RECEIVED_AT + SignedDuration::from_mins(minutes);
            set(&mut case.draft.export_date, moment.to_zoned(case.zone.clone()).date());
            put(&mut case.draft.planned_loading, moment, "DTM", 4);
        }
    }

    #[test]
    fn air_an_hour_and_fifty_nine_before_loading_is_late() {
        check(loads("4", 119), "T501 @ DTM 4");
        check(loads("4", 120), "");
    }

    #[test]
    fn marine_forty_eight_hours_before_loading_is_in_time() {
        check(loads("1", 48 * 60), "");
        check(loads("1", 48 * 60 - 1), "T501 @ DTM 4");
    }

    #[test]
    fn inland_water_has_the_limit_of_the_sea() {
        check(loads("8", 48 * 60), "");
        check(loads("8", 48 * 60 - 1), "T501 @ DTM 4");
    }

    #[test]
    fn rail_and_mail_have_two_hours() {
        for mode in ["2", "5"] {
            check(loads(mode, 120), "");
            check(loads(mode, 119), "T501 @ DTM 4");
        }
    }

    #[test]
    fn road_has_until_export() {
        check(loads("3", 0), "");
        check(loads("3", -1), "T501 @ DTM 4");
    }

    #[test]
    fn an_administration_sets_its_limits_and_how_bad_lateness_is() {
        check(
            |case| {
                loads("4", 239)(case);
                case.settings.air_hours = 4;
                case.settings.late = Severity::Error;
            },
            "T501 (error) @ DTM 4",
        );
    }

    #[test]
    fn lateness_names_the_limit() {
        assert_eq!(
            texts(loads("4", 119), Language::En),
            "The declaration came at 2026-11-21 10:00:00 -05:00, less than 2 h before loading at 2026-11-21 11:59:00 -05:00"
        );
        assert_eq!(
            texts(loads("3", -1), Language::Fr),
            "La déclaration est arrivée le 2026-11-21 10:00:00 -05:00, après le chargement du 2026-11-21 09:59:00 -05:00"
        );
    }

    #[test]
    fn without_loading_time_only_a_past_day_is_late() {
        check(|case| set(&mut case.draft.export_date, date(2026, 11, 21)), "");
        check(|case| set(&mut case.draft.export_date, date(2026, 11, 20)), "T502 @ DTM 3.2.2");
    }

    #[test]
    fn the_day_of_receipt_is_the_day_of_the_zone() {
        let received_at = |moment: &'static str| {
            move |case: &mut Case| {
                case.received_at = moment.parse().unwrap();
                set(&mut case.draft.export_date, date(2026, 11, 21));
            }
        };
        check(received_at("2026-11-22T04:59:59Z"), "");
        check(received_at("2026-11-22T05:00:00Z"), "T502 @ DTM 3.2.2");
    }

    #[test]
    fn goods_are_not_loaded_after_their_export() {
        let exported_on = |day| {
            move |case: &mut Case| {
                let loading: Timestamp = "2026-11-30T15:00:00Z".parse().unwrap();
                put(&mut case.draft.planned_loading, loading, "DTM", 4);
                set(&mut case.draft.export_date, day);
            }
        };
        check(exported_on(date(2026, 11, 30)), "");
        check(exported_on(date(2026, 11, 29)), "");
        check(exported_on(date(2026, 11, 28)), "T503 @ DTM 4");
    }

    #[test]
    fn export_is_at_most_half_a_year_ahead() {
        check(|case| set(&mut case.draft.export_date, date(2027, 5, 20)), "");
        check(|case| set(&mut case.draft.export_date, date(2027, 5, 21)), "T510 @ DTM 3.2.2");
    }

    #[test]
    fn the_end_of_all_dates_is_too_far_ahead_and_nothing_worse() {
        check(|case| set(&mut case.draft.export_date, date(9999, 12, 31)), "T510 @ DTM 3.2.2");
    }

    #[test]
    fn nobody_certifies_tomorrow() {
        check(|case| put(&mut case.draft.certification_date, date(2026, 11, 21), "DTM", 19), "");
        check(|case| put(&mut case.draft.certification_date, date(2026, 11, 22), "DTM", 19), "T520 @ DTM 19");
    }
}
