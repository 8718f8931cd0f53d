use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// A year from 1 March 2027.
fn window() -> TimeRange {
    TimeRange::new(at("2027-03-01T00:00:00Z"), at("2028-03-01T00:00:00Z")).unwrap()
}

fn calendar(lines: &str) -> String {
    let lines: Vec<_> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"))
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\nUID:one@example\nDTSTAMP:20270101T000000Z\n{lines}\nEND:VEVENT"))
}

/// What a calendar of a tutor in Berlin comes to: each range from its start to its end.
fn busy(text: &str) -> Vec<String> {
    let copied = busy_times(text, &zone("Europe/Berlin"), window()).unwrap();
    assert_eq!(copied.unread_events, 0, "{text}");
    copied.busy.iter().map(|r| format!("{} {}", r.start(), r.end())).collect()
}

#[test]
fn one_event_in_utc_on_a_clock_and_on_the_tutors_clock() {
    let in_utc = event("DTSTART:20270504T080000Z\nDTEND:20270504T093000Z");
    assert_eq!(busy(&in_utc), ["2027-05-04T08:00:00Z 2027-05-04T09:30:00Z"]);
    let in_new_york = event("DTSTART;TZID=America/New_York:20270504T080000\nDURATION:PT1H");
    assert_eq!(busy(&in_new_york), ["2027-05-04T12:00:00Z 2027-05-04T13:00:00Z"]);
    let floating = event("DTSTART:20270504T080000\nDTEND:20270504T090000");
    assert_eq!(busy(&floating), ["2027-05-04T06:00:00Z 2027-05-04T07:00:00Z"]);
    let both =
        event("DTSTART;TZID=America/New_York:20270504T080000\nDTEND;TZID=Europe/London:20270504T140000");
    assert_eq!(busy(&both), ["2027-05-04T12:00:00Z 2027-05-04T13:00:00Z"]);
}

#[test]
fn a_whole_day_is_the_tutors_day_also_when_it_has_23_or_25_hours() {
    let one = event("DTSTART;VALUE=DATE:20270504");
    assert_eq!(busy(&one), ["2027-05-03T22:00:00Z 2027-05-04T22:00:00Z"]);
    let weekend = event("DTSTART;VALUE=DATE:20270327\nDTEND;VALUE=DATE:20270329");
    assert_eq!(busy(&weekend), ["2027-03-26T23:00:00Z 2027-03-28T22:00:00Z"]);
    let each_sunday = event("DTSTART;VALUE=DATE:20271024\nRRULE:FREQ=WEEKLY;COUNT=2\nDURATION:P1D");
    let expected = ["2027-10-23T22:00:00Z 2027-10-24T22:00:00Z", "2027-10-30T22:00:00Z 2027-10-31T23:00:00Z"];
    assert_eq!(busy(&each_sunday), expected);
}

#[test]
fn what_is_free_cancelled_or_takes_no_time_is_not_busy() {
    for line in ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"] {
        assert_eq!(
            busy(&event(&format!("DTSTART:20270504T080000Z\nDTEND:20270504T093000Z\n{line}"))),
            [""; 0]
        );
    }
    assert_eq!(busy(&event("DTSTART:20270504T080000Z")), [""; 0]);
    assert_eq!(busy(&event("DTSTART:20270504T080000Z\nDTEND:20270504T070000Z")), [""; 0]);
    for line in ["TRANSP:OPAQUE", "STATUS:CONFIRMED", "STATUS:TENTATIVE"] {
        let text = event(&format!("DTSTART:20270504T080000Z\nDTEND:20270504T093000Z\n{line}"));
        assert_eq!(busy(&text).len(), 1, "{line}");
    }
    let todo = calendar("BEGIN:VTODO\nUID:a\nDTSTART:20270504T080000Z\nDUE:20270504T093000Z\nEND:VTODO");
    assert_eq!(busy(&todo), [""; 0]);
}

#[test]
fn a_series_stays_on_its_clock_when_the_clock_is_changed() {
    let weekly = event(
        "DTSTART;TZID=America/New_York:20270301T090000\nDTEND;TZID=America/New_York:20270301T100000\n\
         RRULE:FREQ=WEEKLY;UNTIL=20270322T130000Z",
    );
    let expected = [
        "2027-03-01T14:00:00Z 2027-03-01T15:00:00Z",
        "2027-03-08T14:00:00Z 2027-03-08T15:00:00Z",
        "2027-03-15T13:00:00Z 2027-03-15T14:00:00Z",
        "2027-03-22T13:00:00Z 2027-03-22T14:00:00Z",
    ];
    assert_eq!(busy(&weekly), expected);
}

#[test]
fn until_is_in_utc_on_the_wall_or_a_date() {
    let until = |until: &str| {
        let start = "DTSTART;TZID=America/New_York:20270601T200000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=";
        busy(&event(&format!("{start}{until}"))).len()
    };
    // Eight in the evening of 3 June in New York is midnight of the 4th in UTC.
    assert_eq!(until("20270604T000000Z"), 3);
    assert_eq!(until("20270603T235959Z"), 2);
    assert_eq!(until("20270603T200000"), 3);
    assert_eq!(until("20270603"), 3);
    assert_eq!(until("20260101"), 1, "the first time was, whatever the rule says");
}

#[test]
fn rules_say_which_weekdays_and_which_of_the_month() {
    let times = |rule: &str| {
        let times = busy(&event(&format!("DTSTART:20270504T080000Z\nDURATION:PT1H\nRRULE:{rule}")));
        times.iter().map(|t| t[..10].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        times("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=4"),
        ["2027-05-04", "2027-05-06", "2027-05-18", "2027-05-20"]
    );
    assert_eq!(times("FREQ=MONTHLY;BYDAY=1TU;COUNT=3"), ["2027-05-04", "2027-06-01", "2027-07-06"]);
    assert_eq!(
        times("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"),
        ["2027-05-04", "2027-05-31", "2027-06-30"]
    );
    assert_eq!(times("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=4;COUNT=2"), ["2027-05-04"]);
}

#[test]
fn times_are_left_out_and_added() {
    let text = event(
        "DTSTART;TZID=Europe/Paris:20270504T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\n\
         EXDATE;TZID=Europe/Paris:20270505T090000\nEXDATE:20270506T070000Z\n\
         RDATE;TZID=Europe/Paris:20270510T120000\nRDATE;VALUE=PERIOD:20270511T100000Z/PT3H,20270512T100000Z/20270512T101500Z",
    );
    let expected = [
        "2027-05-04T07:00:00Z 2027-05-04T08:00:00Z",
        "2027-05-07T07:00:00Z 2027-05-07T08:00:00Z",
        "2027-05-10T10:00:00Z 2027-05-10T11:00:00Z",
        "2027-05-11T10:00:00Z 2027-05-11T13:00:00Z",
        "2027-05-12T10:00:00Z 2027-05-12T10:15:00Z",
    ];
    assert_eq!(busy(&text), expected);
}

const SERIES: &str = "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20270504T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\nEND:VEVENT\n";

#[test]
fn one_time_of_a_series_is_moved_cancelled_or_freed() {
    let text = calendar(&format!(
        "{SERIES}
        BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20270505T090000\nDTSTART:20270505T150000Z\nDURATION:PT2H\nEND:VEVENT
        BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20270506T070000Z\nDTSTART:20270506T070000Z\nDURATION:PT1H\nSTATUS:CANCELLED\nEND:VEVENT
        BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20270507T070000Z\nDTSTART:20270507T070000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT\nEND:VEVENT
        BEGIN:VEVENT\nUID:b\nDTSTART:20270506T070000Z\nDURATION:PT30M\nEND:VEVENT",
    ));
    let expected = [
        "2027-05-04T07:00:00Z 2027-05-04T08:00:00Z",
        "2027-05-05T15:00:00Z 2027-05-05T17:00:00Z",
        "2027-05-06T07:00:00Z 2027-05-06T07:30:00Z",
    ];
    assert_eq!(busy(&text), expected);
}

#[test]
fn of_two_exceptions_for_one_time_the_newer_counts() {
    let exception = |sequence: u32, hour: u32| {
        format!(
            "BEGIN:VEVENT\nUID:a\nSEQUENCE:{sequence}\nRECURRENCE-ID:20270505T070000Z\nDTSTART:20270505T{hour}0000Z\nDURATION:PT1H\nEND:VEVENT\n"
        )
    };
    let text = calendar(&format!("{}{SERIES}{}", exception(2, 15), exception(1, 17)));
    assert!(busy(&text).contains(&"2027-05-05T15:00:00Z 2027-05-05T16:00:00Z".to_owned()));
    assert_eq!(busy(&text).len(), 4);
}

#[test]
fn all_later_times_of_a_series_are_moved_with_one() {
    let text = calendar(&format!(
        "{SERIES}
        BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20270506T070000Z\nDTSTART:20270506T080000Z\nDURATION:PT2H\nEND:VEVENT",
    ));
    let expected = [
        "2027-05-04T07:00:00Z 2027-05-04T08:00:00Z",
        "2027-05-05T07:00:00Z 2027-05-05T08:00:00Z",
        "2027-05-06T08:00:00Z 2027-05-06T10:00:00Z",
        "2027-05-07T08:00:00Z 2027-05-07T10:00:00Z",
    ];
    assert_eq!(busy(&text), expected);
}

#[test]
fn a_time_that_is_moved_into_the_window_counts() {
    let text = calendar(&format!(
        "{}
        BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260504T070000Z\nDTSTART:20270701T070000Z\nDURATION:PT1H\nEND:VEVENT",
        SERIES.replace("20270504", "20260504")
    ));
    assert_eq!(busy(&text), ["2027-07-01T07:00:00Z 2027-07-01T08:00:00Z"]);
}

#[test]
fn zones_are_known_by_outlooks_names_and_by_the_files_own_rules() {
    let outlook = event("DTSTART;TZID=W. Europe Standard Time:20270504T080000\nDURATION:PT1H");
    assert_eq!(busy(&outlook), ["2027-05-04T06:00:00Z 2027-05-04T07:00:00Z"]);
    let own = calendar(
        "BEGIN:VTIMEZONE\nTZID:Our Office\n\
         BEGIN:STANDARD\nDTSTART:19671029T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19870405T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\n\
         END:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Our Office:20270308T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT",
    );
    let expected = ["2027-03-08T14:00:00Z 2027-03-08T15:00:00Z", "2027-03-15T13:00:00Z 2027-03-15T14:00:00Z"];
    assert_eq!(busy(&own), expected);
    let fixed = calendar(
        "BEGIN:VTIMEZONE\nTZID:Half past\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0330\nTZOFFSETTO:+0330\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Half past:20270504T090000\nDURATION:PT1H\nEND:VEVENT",
    );
    assert_eq!(busy(&fixed), ["2027-05-04T05:30:00Z 2027-05-04T06:30:00Z"]);
}

#[test]
fn what_can_not_be_read_is_counted_and_the_rest_counts() {
    let unknown_zone =
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Nowhere at all:20270504T090000\nDURATION:PT1H\nEND:VEVENT\n";
    let no_start = "BEGIN:VEVENT\nUID:b\nSUMMARY:x\nEND:VEVENT\n";
    let bad_rule = "BEGIN:VEVENT\nUID:c\nDTSTART:20270505T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYHOUR=99\nEND:VEVENT\n";
    let good = "BEGIN:VEVENT\nUID:d\nDTSTART:20270506T090000Z\nDURATION:PT1H\nEND:VEVENT\n";
    let text = calendar(&format!("{unknown_zone}{no_start}{bad_rule}{good}"));
    let copied = busy_times(&text, &TimeZone::UTC, window()).unwrap();
    assert_eq!((copied.unread_events, copied.busy.len()), (3, 2), "{:?}", copied.busy);
}

#[test]
fn what_is_no_calendar_or_half_of_one_is_refused() {
    let whole = event("DTSTART:20270504T080000Z\nDTEND:20270504T093000Z");
    let half = &whole[..whole.len() - 20];
    let texts = [
        "",
        "<!doctype html><html><body>Sign in</body></html>",
        "BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD\r\n",
        half,
    ];
    for text in texts {
        assert_eq!(busy_times(text, &TimeZone::UTC, window()), Err(CalendarError::NotACalendar), "{text}");
    }
    assert_eq!(busy(&calendar("")), [""; 0], "an empty calendar is one");
    let with_mark = format!("\u{feff}{whole}");
    assert_eq!(busy(&with_mark).len(), 1);
    assert_eq!(busy(&whole.replace("\r\n", "\n")).len(), 1);
}

#[test]
fn a_series_of_decades_is_not_counted_through() {
    for freq in ["DAILY", "HOURLY;INTERVAL=24", "MINUTELY;INTERVAL=1440", "WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"]
    {
        let text = event(&format!("DTSTART:19700101T080000Z\nDURATION:PT1H\nRRULE:FREQ={freq}"));
        assert_eq!(busy(&text).len(), 366, "{freq}");
    }
}

#[test]
fn a_bomb_is_refused_in_time() {
    let bombs = [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;BYSECOND=0,1,2,3,4,5,6,7,8,9",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55",
    ];
    for rule in bombs {
        let text = event(&format!("DTSTART:20270301T080000Z\nDURATION:PT1S\nRRULE:{rule}"));
        assert_eq!(busy_times(&text, &TimeZone::UTC, window()), Err(CalendarError::TooManyEvents), "{rule}");
    }
    // Dates that never come, thousands of times over.
    let never = "BEGIN:VEVENT\nUID:a\nDTSTART:20270301T080000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n";
    let started = Instant::now();
    let _ = busy_times(&calendar(&never.repeat(8_000)), &TimeZone::UTC, window());
    assert!(started.elapsed() < TIME_MAX * 5, "{:?}", started.elapsed());
}

/// The slow and obvious way: each day is looked at by itself.
fn by_days(
    zone: &TimeZone,
    start: DateTime,
    interval: i64,
    weekdays: Option<&[civil::Weekday]>,
    until: civil::Date,
) -> Vec<TimeRange> {
    let mut found = Vec::new();
    let mut date = start.date();
    while date <= until {
        let days = i64::from(date.since(start.date()).unwrap().get_days());
        let monday = |date: civil::Date| {
            date.checked_sub(Span::new().days(i64::from(date.weekday().to_monday_zero_offset()))).unwrap()
        };
        let weeks = i64::from(monday(date).since(monday(start.date())).unwrap().get_days()) / 7;
        let meant = match weekdays {
            None => days % interval == 0,
            Some(weekdays) => weeks % interval == 0 && weekdays.contains(&date.weekday()),
        };
        if meant || date == start.date() {
            let at = zone.to_ambiguous_timestamp(date.to_datetime(start.time())).compatible().unwrap();
            let (start, end) =
                (at.max(window().start()), (at + SignedDuration::from_mins(20)).min(window().end()));
            found.extend(TimeRange::new(start, end));
        }
        date = date.tomorrow().unwrap();
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn series_are_what_somebody_with_a_calendar_would_write_down(
        zone_name in prop::sample::select(&["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"][..]),
        (days_before, minute) in (0_i64..3_000, 0_i64..1_440),
        interval in 1_i64..5,
        weekly in any::<bool>(),
        weekdays in prop::sample::subsequence(vec![civil::Weekday::Monday, civil::Weekday::Wednesday, civil::Weekday::Saturday, civil::Weekday::Sunday], 1..4),
        length in 0_i64..500,
    ) {
        let zone = zone(zone_name);
        let start = civil::date(2027, 3, 20).at(0, 0, 0, 0) - Span::new().days(days_before) + Span::new().minutes(minute);
        let until = civil::date(2027, 3, 10) + Span::new().days(length);
        let names: Vec<_> = weekdays.iter().map(|day| &["MO", "TU", "WE", "TH", "FR", "SA", "SU"][usize::try_from(day.to_monday_zero_offset()).unwrap()]).map(|s| (*s).to_owned()).collect();
        let rule = match weekly {
            true => format!("FREQ=WEEKLY;BYDAY={}", names.join(",")),
            false => "FREQ=DAILY".to_owned(),
        };
        let text = event(&format!(
            "DTSTART;TZID={zone_name}:{}\nDURATION:PT20M\nRRULE:{rule};INTERVAL={interval};UNTIL={}",
            start.strftime("%Y%m%dT%H%M%S"), until.strftime("%Y%m%d"),
        ));
        let copied = busy_times(&text, &zone, window()).unwrap();
        let expected = by_days(&zone, start, interval, weekly.then_some(&weekdays[..]), until);
        prop_assert_eq!(copied, Copied { busy: merged(expected), unread_events: 0 });
    }

    #[test]
    fn nothing_that_comes_brings_it_down(text in "(?s)(BEGIN|END|DTSTART|RRULE|:|;|=|VEVENT|VCALENDAR|FREQ|DAILY|[0-9TZ]{0,9}|\r\n|.){0,60}") {
        let _ = busy_times(&text, &TimeZone::UTC, window());
        let _ = busy_times(&event(&text), &TimeZone::UTC, window());
    }
}
