//! Declarations that guide and rules accept, in the shape of the interchange on which peers were measured: one interchange,
//! messages of 2.5 KB and 98 segments with five commodities, nearly every one with other values.

use lodged::codes::{CodeLists, Detail};

/// Commodities of a message.
const LINES: u32 = 5;

/// Segments of a message, from UNH to UNT.
const SEGMENTS: u32 = 98;

const GOODS: [&str; 8] = [
    "MAPLE SYRUP IN DRUMS, GRADE A AMBER, ORGANIC",
    "BALL VALVES?: STAINLESS STEEL, DN50, FLANGED",
    "PUMP HOUSINGS OF CAST IRON, UNMACHINED",
    "SPARE PARTS FOR AGRICULTURAL TRACTORS",
    "PRINTED CIRCUIT ASSEMBLIES FOR CONTROLLERS",
    "FROZEN COD FILLETS IN CARTONS OF 10 KG",
    "SAWN TIMBER, SPRUCE, KILN DRIED",
    "HYDRAULIC HOSES WITH FITTINGS, 350 BAR",
];

const CONSIGNEES: [&str; 6] = [
    "SAKURA FOODS KK",
    "ALPINE VALVES AG",
    "COASTAL FISH PRODUCTS",
    "RIVERSIDE MACHINERY LTD",
    "NORTHERN TIMBER EXPORT AB",
    "HARBOUR ?+ SONS TRADING",
];

const PLACES: [(&str, &str); 6] =
    [("TOKYO", "JP"), ("ZUG", "CH"), ("PORTO", "PT"), ("LEEDS", "GB"), ("MALMO", "SE"), ("CAPE TOWN", "ZA")];

const PROVINCES: [&str; 5] = ["QC", "ON", "BC", "NB", "AB"];

/// Numbers that look like any, and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// The next one below this.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        &these[usize::try_from(self.below(these.len() as u64)).unwrap()]
    }
}

/// One interchange with so many messages.
pub(crate) fn declarations(count: u32, lists: &CodeLists) -> Vec<u8> {
    let goods = lists.list("hs-export-codes").unwrap();
    let goods: Vec<(&str, Option<&str>)> = goods
        .iter()
        .filter_map(|code| match &code.detail {
            Detail::Unit(unit) => Some((&*code.code, unit.as_deref())),
            Detail::None | Detail::MinorUnits(_) | Detail::Rate(_) => None,
        })
        .collect();
    let mut numbers = Numbers(1);
    let mut text = "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+ACME0000000001++++1'".to_owned();
    for number in 1..=count {
        text.push_str(&message(number, &goods, &mut numbers));
    }
    format!("{text}UNZ+{count}+ACME0000000001'").into_bytes()
}

fn message(number: u32, goods: &[(&str, Option<&str>)], numbers: &mut Numbers) -> String {
    let (mut lines, mut value, mut weight) = (String::new(), 0, 0);
    for line in 1..=LINES {
        let (line, own_value, own_weight) = commodity(line, goods, numbers);
        lines.push_str(&line);
        value += own_value;
        weight += own_weight;
    }
    let packages = 10 + numbers.below(900);
    let containers: String = (0..3).map(|_| format!("EQD+CN+{}'", container(numbers))).collect();
    let (city, country) = numbers.one_of(&PLACES);
    let references: String =
        (0..3).map(|_| format!("RFF+CU:PURCHASE ORDER {:06}'", numbers.below(1_000_000))).collect();
    format!(
        "UNH+{number}+CUSDEC:D:96B:UN'\
         BGM+830+ACME-2026-{number:010}:1+9'\
         LOC+42+0395'\
         LOC+36+{country}'\
         LOC+44+:::MONTREAL'\
         DTM+129:202612{:02}:102'\
         DTM+187:20261121:102'\
         DTM+342:202612010600:203'\
         GIS+N:REL:ZZZ'\
         GIS+Y:CTN:ZZZ'\
         MEA+WT+AAD+KGM:{}'\
         {containers}\
         RFF+BM:MTRL{:08}'\
         {references}\
         RFF+ABO:ACME-2026-{number:010}'\
         PAC+{packages}++PX'\
         TDT+20+{:03}W+1+++++:::MV SAINT LAURENT'\
         NAD+EX+123456782RM0001++ERABLIERE DU NORD INC+12 RUE DE LA SCIERIE+TROIS-RIVIERES+QC+G9A 5H7+CA'\
         RFF+ABP:AB1234'\
         CTA+IC+:BUREAU D?'EXPORTATION'\
         COM+?+1 819 555 0100:TE'\
         NAD+CN+++{}+QUAY {}:HARBOUR ROAD {}+{city}++{:05}+{country}'\
         NAD+AE+802005116RM0001++ACME FORWARDING LTD+400 PLACE YOUVILLE+MONTREAL+QC+H2Y 2C2+CA'\
         NAD+CA+++NORTH ATLANTIC LINES'\
         NAD+AM+++ACME FORWARDING LTD'\
         CTA+IC+:EXPORT DESK'\
         COM+?+1 514 555 0199:TE'\
         MOA+63:{}:CAD'\
         MOA+64:{}:CAD'\
         UNS+D'\
         {lines}\
         UNS+S'\
         CNT+5:{LINES}'\
         CNT+11:{packages}'\
         UNT+{SEGMENTS}+{number}'",
        1 + numbers.below(28),
        thousandths(weight),
        numbers.below(100_000_000),
        numbers.below(1_000),
        numbers.one_of(&CONSIGNEES),
        1 + numbers.below(99),
        1 + numbers.below(99),
        numbers.below(100_000),
        hundredths(value),
        hundredths(100 + numbers.below(100_000)),
    )
}

/// The segments of a commodity, its value in hundredths and its weight in thousandths.
fn commodity(line: u32, goods: &[(&str, Option<&str>)], numbers: &mut Numbers) -> (String, u64, u64) {
    let (code, unit) = numbers.one_of(goods);
    let (value, weight) = (100_000 + numbers.below(10_000_000), 100_000 + numbers.below(10_000_000));
    let origin = match numbers.below(3) {
        0 => numbers.one_of(&PLACES).1.to_owned(),
        _ => format!("CA+{}", numbers.one_of(&PROVINCES)),
    };
    let quantity = unit.map(|unit| format!("MEA+AAF++{unit}:{}'", 1 + numbers.below(100_000))).unwrap_or_default();
    let mut permits: String =
        (0..4).map(|_| format!("RFF+EX:LICENCE 2026-{:09}'", numbers.below(1_000_000_000))).collect();
    if quantity.is_empty() {
        permits.push_str("RFF+EP:LICENCE 2026-WITHOUT UNIT'");
    }
    let text = format!(
        "CST+{line}+{code}'\
         FTX+AAA+++{}'\
         LOC+27+{origin}'\
         {quantity}\
         MEA+WT+AAG+KGM:{}'\
         MOA+63:{}:CAD'\
         RFF+CU:PURCHASE ORDER {:06}/{line}'\
         {permits}\
         GIS+{}:CTL:ZZZ'",
        numbers.one_of(&GOODS),
        thousandths(weight),
        hundredths(value),
        numbers.below(1_000_000),
        if line == 1 { 'Y' } else { 'N' },
    );
    (text, value, weight)
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}

/// A container number with its check digit (ISO 6346).
fn container(numbers: &mut Numbers) -> String {
    let number = format!("CSQU{:06}", numbers.below(1_000_000));
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        // Letters count from 10 on, without the multiples of 11.
        letter => {
            let place = u32::from(letter - b'A');
            10 + place + place.div_ceil(10)
        }
    };
    let sum: u32 = number.bytes().zip(0..).map(|(byte, place)| value(byte) << place).sum();
    format!("{number}{}", sum % 11 % 10)
}
