-- Five rules by hand, as an analyst with DuckDB would write them: the meaning of docs/timeline.md
-- and docs/checks.md for what the generated export holds (whole days of supply, no dose ranges, no
-- link between orders, no admissions, no dialysis). Days are numbers, doses micrograms. With the
-- variable every_drug the days of every drug are worked out, not only of those the rules ask for.

CREATE MACRO day(d) AS (d::DATE - DATE '1970-01-01')::INTEGER;
CREATE MACRO birthday(born, years) AS day(CASE
    WHEN month(born) = 2 AND dayofmonth(born) = 29
         AND NOT ((year(born) + years) % 4 = 0
                  AND ((year(born) + years) % 100 <> 0 OR (year(born) + years) % 400 = 0))
    THEN make_date(year(born) + years, 3, 1)
    ELSE make_date(year(born) + years, month(born), dayofmonth(born)) END);

CREATE TEMP TABLE list(ingredient, high_concern) AS
SELECT unnest(['baclofen', 'amitriptyline', 'aripiprazole', 'carbamazepine', 'clomipramine',
               'clonidine', 'clozapine', 'eszopiclone', 'gabapentin', 'guanfacine', 'haloperidol',
               'hydroxyzine', 'methyldopa', 'mirtazapine', 'nortriptyline', 'olanzapine',
               'oxcarbazepine', 'phenytoin', 'pregabalin', 'prochlorperazine', 'promethazine',
               'quetiapine', 'risperidone', 'trazodone', 'valproate', 'ziprasidone', 'zolpidem',
               'zopiclone']), false
UNION ALL
SELECT unnest(['alprazolam', 'clobazam', 'clonazepam', 'codeine', 'diazepam', 'fentanyl',
               'hydromorphone', 'lorazepam', 'methadone', 'morphine', 'oxazepam', 'oxycodone',
               'phenobarbital', 'primidone', 'tapentadol', 'temazepam', 'tramadol']), true;

CREATE TEMP TABLE names AS  -- which text is which drug; of co-codamol only the codeine matters
SELECT text AS drug, n.drug AS product,
       CASE n.drug WHEN 'co-codamol' THEN 'codeine' ELSE n.drug END AS ingredient
FROM (SELECT DISTINCT text, drug FROM read_csv(getvariable('export') || '/names.csv')) n
WHERE getvariable('every_drug') OR ingredient IN (SELECT ingredient FROM list);

CREATE TEMP TABLE people AS
WITH typed AS (
    SELECT patient_id, birth_date, sex, day(observation_start) AS watched_from,
           day(observation_end) AS watched_to, day(death_date) AS died
    FROM read_csv(getvariable('export') || '/patients.csv', types = {
        'patient_id': 'VARCHAR', 'birth_date': 'DATE', 'sex': 'VARCHAR',
        'observation_start': 'DATE', 'observation_end': 'DATE', 'death_date': 'DATE'}))
SELECT row_number() OVER () AS p, *, least(watched_to, died, max(watched_to) OVER ()) AS last_day,
       birthday(birth_date, 18) AS adult, birthday(birth_date, 65) AS old, day(birth_date) AS born
FROM typed;

-- 1. Orders that count, one row each.
CREATE TEMP TABLE orders AS
WITH counted AS (  -- rows that are alike in all but their id are one order
    SELECT min(prescription_id) AS id, * EXCLUDE (prescription_id)
    FROM read_csv(getvariable('export') || '/prescriptions.csv', all_varchar = true) rx
    WHERE rx.status <> 'cancelled' AND rx.drug IN (SELECT drug FROM names)
    GROUP BY ALL),
typed AS (
    SELECT id, patient_id, ingredient, product, form, prn = 'yes' AS prn,
           split_part(strength_value, '/', 1)::DOUBLE
               * CASE strength_unit WHEN 'mg' THEN 1000 ELSE 1 END AS strength,
           dose_min::DOUBLE AS each,
           CASE WHEN prn = 'yes' THEN max_doses_per_day::DOUBLE
                ELSE frequency_count::DOUBLE END AS times,
           CASE WHEN prn = 'yes' THEN 1 ELSE frequency_period_days::DOUBLE END AS period,
           day(start_date) AS s, days_supply::INTEGER AS supply,
           day(nullif(stop_date, '')) AS stop
    FROM counted JOIN names USING (drug))
SELECT p, id, ingredient, product, prn, floor(strength + 0.5)::BIGINT AS strength, form, s, stop,
       least(s + supply - 1, stop - 1) AS e, least(s + supply - 1, stop - 1) - s + 1 AS span,
       CASE WHEN form = 'patch' THEN 1 ELSE times / period END AS doses,
       floor(each * strength * CASE WHEN form = 'patch' THEN 24 ELSE times / period END + 0.5)
           ::BIGINT AS dose
FROM typed JOIN people USING (patient_id)
WHERE (stop IS NULL OR stop > s) AND s <= last_day AND (born IS NULL OR s >= born);

-- 2. Lanes, strengths and supply runs (one strength, one dose), and what replaces what.
CREATE TEMP TABLE lines AS
SELECT *, row_number() OVER (ORDER BY strength_no, run, s, id) AS n
FROM (SELECT *, dense_rank() OVER (ORDER BY p, ingredient, prn, product) AS lane,
             dense_rank() OVER (ORDER BY p, ingredient, prn, product, strength, form) AS strength_no,
             dense_rank() OVER (ORDER BY p, ingredient, prn, product, strength, form, dose, doses)
                 AS run
      FROM orders);

CREATE TEMP TABLE by_sig AS  -- the next start in this strength with another dose
SELECT x.n, min(y.s) AS cut_sig
FROM lines x JOIN lines y ON x.strength_no = y.strength_no AND x.run <> y.run AND y.s > x.s
GROUP BY x.n;

CREATE TEMP TABLE chained AS
WITH gaps AS (
    SELECT *, max(e) OVER (PARTITION BY strength_no ORDER BY s, id
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach FROM lines)
SELECT n, lane, strength_no, s, e,
       sum(CASE WHEN s - reach - 1 <= 14 THEN 0 ELSE 1 END) OVER (ORDER BY strength_no, s, id)
           AS chain
FROM gaps;

CREATE TEMP TABLE by_strength AS  -- the next start of another strength that replaces this one
WITH chains AS (
    SELECT chain, lane, strength_no, min(s) AS first, max(s) AS last, count(DISTINCT s) AS fills
    FROM chained GROUP BY ALL),
replaced AS (
    SELECT a.chain AS old, b.chain AS new
    FROM chains a JOIN chains b ON a.lane = b.lane AND a.strength_no <> b.strength_no
    WHERE a.first <> b.first
      AND NOT (a.fills >= 2 AND a.last > b.first AND b.fills >= 2 AND b.last > a.first))
SELECT x.n, min(y.s) AS cut_strength
FROM replaced JOIN chained x ON x.chain = old JOIN chained y ON y.chain = new AND y.s > x.s
GROUP BY x.n;

-- 3. Early refills: carried forward, or supplied twice.
CREATE TEMP TABLE refills AS
WITH cut AS (
    SELECT lines.*, coalesce(cut_sig, 1000000000) AS cut_sig,
           coalesce(cut_strength, 1000000000) AS cut_strength,
           least(e, coalesce(cut_sig, 1000000000) - 1) AS firm
    FROM lines LEFT JOIN by_sig USING (n) LEFT JOIN by_strength USING (n)),
reached AS (  -- the furthest end so far, and of equal ends the longest line
    SELECT *, row_number() OVER w AS k,
           max(firm::BIGINT * 100000 + span) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
               AS packed
    FROM cut WINDOW w AS (PARTITION BY run ORDER BY s, id))
SELECT *, packed // 100000 AS reach,
       least(cut_sig - 1, cut_strength - 1, stop - 1) AS last_possible,
       NOT prn AND coalesce(packed // 100000 - s + 1 > 7
                            AND 4 * (packed // 100000 - s + 1) > packed % 100000, false) AS twice
FROM reached;

CREATE TEMP TABLE placed AS
WITH RECURSIVE carried AS (
    SELECT run, k, s AS a, least(s + span - 1, last_possible)::BIGINT AS b,
           CASE WHEN b >= s THEN b ELSE -1000000000 END AS e
    FROM refills WHERE k = 1
    UNION ALL
    SELECT run, k, begin_at, end_at,
           CASE WHEN keeps THEN greatest(e, end_at) WHEN end_at < begin_at THEN e ELSE end_at END
    FROM (SELECT f.run, f.k, c.e, f.twice OR f.prn AS keeps,
                 CASE WHEN f.twice OR f.prn THEN f.s
                      ELSE least(greatest(f.s, c.e + 1), f.s + 30) END AS begin_at,
                 least(begin_at + f.span - 1, f.last_possible) AS end_at
          FROM carried c JOIN refills f ON f.run = c.run AND f.k = c.k + 1))
SELECT r.*, c.a AS carried_to,
       greatest(c.a, 1 + max(c.b) OVER (PARTITION BY r.run ORDER BY r.k
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS a,
       c.b
FROM refills r JOIN carried c USING (run, k);

CREATE TEMP TABLE other_reading AS  -- baclofen that would be taken besides, were both meant
WITH replaced AS (
    SELECT p, run, dose, greatest(carried_to, cut_strength) AS a,
           least(carried_to + span - 1, cut_sig - 1, stop - 1) AS b, cut_strength
    FROM placed WHERE ingredient = 'baclofen' AND NOT prn AND cut_strength < 1000000000),
kept AS (
    FROM replaced WHERE a <= b AND NOT (a = b AND a = cut_strength)),
edges AS (
    SELECT run, a AS d, 1 AS r, 0 AS c FROM kept
    UNION ALL SELECT run, b + 1, -1, 0 FROM kept
    UNION ALL SELECT run, a, 0, 1 FROM placed WHERE a <= b AND run IN (SELECT run FROM kept)
    UNION ALL SELECT run, b + 1, 0, -1 FROM placed WHERE a <= b AND run IN (SELECT run FROM kept)),
swept AS (
    SELECT run, d AS a, lead(d) OVER w - 1 AS b, sum(r) OVER w AS r, sum(c) OVER w AS c
    FROM (SELECT run, d, sum(r) AS r, sum(c) AS c FROM edges GROUP BY run, d)
    WINDOW w AS (PARTITION BY run ORDER BY d))
SELECT p, a, b, dose FROM swept JOIN (SELECT DISTINCT run, p, dose FROM kept) USING (run)
WHERE r > 0 AND c = 0
UNION ALL
SELECT p, s, least(reach, firm), dose FROM placed
WHERE ingredient = 'baclofen' AND twice AND s <= least(reach, firm);

-- 4. Days: baclofen with its doses, the partners as present or not.
CREATE TEMP TABLE steps AS
WITH taken AS (
    SELECT p, ingredient, a, b, CASE WHEN prn THEN 0 ELSE dose END AS low,
           CASE WHEN prn THEN dose ELSE 0 END AS as_needed, 0 AS other,
           (NOT prn)::INTEGER AS scheduled, 1 AS orders
    FROM placed WHERE a <= b AND (getvariable('every_drug')
                                  OR p IN (SELECT p FROM lines WHERE ingredient = 'baclofen'))
    UNION ALL
    SELECT p, 'baclofen', a, b, 0, 0, dose, 0, 0 FROM other_reading),
edges AS (
    SELECT p, ingredient, a AS d, low, as_needed, other, scheduled, orders FROM taken
    UNION ALL
    SELECT p, ingredient, b + 1, -low, -as_needed, -other, -scheduled, -orders FROM taken),
days AS (
    SELECT p, ingredient, d, sum(low) AS low, sum(as_needed) AS as_needed, sum(other) AS other,
           sum(scheduled) AS scheduled, sum(orders) AS orders
    FROM edges GROUP BY ALL)
SELECT * FROM (
    SELECT p, ingredient, d AS a, lead(d) OVER w - 1 AS b, sum(low) OVER w AS low,
           sum(as_needed) OVER w AS as_needed, sum(other) OVER w AS other,
           sum(scheduled) OVER w AS scheduled, sum(orders) OVER w AS orders
    FROM days WINDOW w AS (PARTITION BY p, ingredient ORDER BY d))
WHERE orders > 0;

CREATE TEMP TABLE baclofen AS FROM steps WHERE ingredient = 'baclofen';

CREATE TEMP TABLE stretches AS  -- presence, with the stretch of covered days around it
SELECT *, min(a) OVER w AS begins, max(b) OVER w AS ends
FROM (SELECT p, ingredient, a, b, scheduled = 0 AS prn,
             sum(fresh) OVER (PARTITION BY p, ingredient ORDER BY a) AS stretch
      FROM (SELECT *, CASE WHEN a = 1 + lag(b) OVER (PARTITION BY p, ingredient ORDER BY a)
                           THEN 0 ELSE 1 END AS fresh FROM steps))
WINDOW w AS (PARTITION BY p, ingredient, stretch);

CREATE TEMP TABLE episode_steps AS  -- scheduled doses, carried through gaps of up to 14 days
WITH numbered AS (
    SELECT *, sum(fresh) OVER (ORDER BY p, a) AS episode
    FROM (SELECT *, CASE WHEN a - 1 - lag(b) OVER (PARTITION BY p ORDER BY a) <= 14
                         THEN 0 ELSE 1 END AS fresh FROM baclofen WHERE scheduled > 0))
SELECT p, episode, a, coalesce(lead(a) OVER w - 1, b) AS b, low, lag(low) OVER w AS low_before,
       min(a) OVER (PARTITION BY episode) AS first, max(b) OVER (PARTITION BY episode) AS last
FROM numbered WINDOW w AS (PARTITION BY episode ORDER BY a);

-- 5. The rules: pieces of days with a rank (5 critical, 4 high, 3 moderate, 2 low, 1 info).
CREATE TEMP TABLE pieces(p, rule, subject, a, b, rank, adults) AS
SELECT p, 'baclofen-max-dose', 'baclofen', a, b,
       CASE WHEN low > 100000 THEN 5
            WHEN low > 80000 OR low + as_needed + other > 100000 THEN 4 ELSE 3 END, true
FROM baclofen WHERE low + as_needed + other > 80000;

INSERT INTO pieces
WITH known AS (
    SELECT e.episode, coalesce(e.first - 1 - max(least(s.b, e.first - 1)) FILTER (s.a IS NOT NULL) >= 28,
                               e.first - any_value(watched_from) >= 90) AS known
    FROM (SELECT DISTINCT episode, p, first FROM episode_steps) e JOIN people USING (p)
    LEFT JOIN baclofen s ON s.p = e.p AND s.a < e.first
    GROUP BY e.episode, e.first),
rises AS (
    SELECT e.*, known, greatest(e.a - 3, first) AS base_day
    FROM episode_steps e JOIN known USING (episode) WHERE low > low_before)
SELECT r.p, 'baclofen-raised-too-fast', 'baclofen', r.a, r.a,
       CASE WHEN r.a >= old THEN 4 ELSE 3 END, true
FROM rises r ASOF JOIN episode_steps base ON r.p = base.p AND r.base_day >= base.a
JOIN people ON people.p = r.p
WHERE r.low - CASE WHEN r.a - 3 < r.first AND known THEN 0 ELSE base.low END > 15000;

INSERT INTO pieces
SELECT own.p, 'baclofen-with-cns-depressant', other.ingredient, greatest(own.a, other.a),
       least(own.b, other.b),
       CASE WHEN high_concern THEN 4 ELSE 3 END - (own.prn OR other.prn)::INTEGER, false
FROM stretches own JOIN stretches other
  ON own.p = other.p AND own.a <= other.b AND other.a <= own.b
JOIN list ON list.ingredient = other.ingredient
WHERE own.ingredient = 'baclofen' AND other.ingredient <> 'baclofen'
  AND NOT (greatest(own.begins, other.begins) = least(own.ends, other.ends)
           AND (own.ends = other.begins OR other.ends = own.begins)
           AND own.begins <> own.ends AND other.begins <> other.ends);

CREATE TEMP TABLE kidneys AS
WITH results AS (
    SELECT p, day(date) AS d, analyte, sex, born, adult,
           CASE unit WHEN 'umol/L' THEN value / 88.4 ELSE value END AS value,
           year(date) - year(birth_date)
               - (birthday(birth_date, (year(date) - year(birth_date))::INTEGER) > day(date))::INTEGER
               AS age
    FROM read_csv(getvariable('export') || '/labs.csv', types = {
        'patient_id': 'VARCHAR', 'date': 'DATE', 'comparator': 'VARCHAR', 'value': 'DOUBLE'})
    JOIN people USING (patient_id) WHERE analyte IN ('creatinine', 'egfr')),
estimates AS (
    SELECT p, d, CASE WHEN analyte = 'egfr' THEN value WHEN age >= 18 THEN
        142 * pow(least(value / k, 1), CASE sex WHEN 'F' THEN -0.241 ELSE -0.302 END)
            * pow(greatest(value / k, 1), -1.2) * pow(0.9938, age)
            * CASE sex WHEN 'F' THEN 1.012 ELSE 1 END END AS egfr
    FROM (SELECT *, CASE sex WHEN 'F' THEN 0.7 ELSE 0.9 END AS k FROM results)),
daily AS (SELECT p, d, min(egfr) AS egfr FROM estimates GROUP BY p, d)
SELECT p, d AS a, least(d + 365, lead(d, 1, 1000000000) OVER (PARTITION BY p ORDER BY d) - 1) AS b,
       egfr
FROM daily;

CREATE MACRO kidney_rank(egfr, aged, dose) AS CASE
    WHEN dose <= 0 THEN 0 WHEN egfr < 15 THEN 5 WHEN egfr < 30 THEN 4
    WHEN aged THEN CASE WHEN dose >= 20000 THEN 4 ELSE 2 END
    WHEN dose > 40000 THEN 3 ELSE 0 END;

INSERT INTO pieces
WITH parts AS (
    SELECT s.p, greatest(s.a, k.a) AS a, least(s.b, k.b) AS b, low, low + as_needed AS high, egfr, old
    FROM baclofen s JOIN kidneys k ON s.p = k.p AND s.a <= k.b AND k.a <= s.b
    JOIN people ON people.p = s.p WHERE egfr < 60),
aged AS (
    SELECT p, a, least(b, coalesce(old, 1000000000) - 1) AS b, low, high, egfr, false AS aged FROM parts
    UNION ALL
    SELECT p, greatest(a, old), b, low, high, egfr, true FROM parts WHERE old IS NOT NULL)
SELECT p, 'baclofen-renal-dose', 'baclofen', a, b,
       greatest(kidney_rank(egfr, aged, low), kidney_rank(egfr, aged, high) - 1) AS rank, true
FROM aged WHERE a <= b AND rank > 0;

INSERT INTO pieces
WITH ends AS (
    SELECT episode, any_value(p) AS p, any_value(first) AS first, any_value(last) AS e
    FROM episode_steps GROUP BY episode),
judged AS (
    SELECT ends.*, lead(first) OVER (PARTITION BY ends.p ORDER BY first) AS next, last_day, died,
           EXISTS (FROM placed r WHERE r.p = ends.p AND r.ingredient = 'baclofen' AND NOT r.prn
                   AND r.a <= r.b AND r.b = ends.e AND r.stop = ends.e + 1) AS recorded
    FROM ends JOIN people ON people.p = ends.p),
stopped AS (
    FROM judged WHERE e < last_day AND e - first + 1 >= 30
      AND NOT (next IS NULL AND coalesce(died <= e + 15, false))
      AND NOT (next IS NULL AND last_day - e < 15 AND NOT recorded)),
written_out AS (
    SELECT episode, e, unnest(range(greatest(first, e - 59), e + 1)) AS d FROM stopped),
doses AS (
    SELECT o.episode, o.e, o.d, s.low,
           min(s.low) OVER w AS held, count(*) OVER w AS many
    FROM written_out o JOIN episode_steps s ON s.episode = o.episode AND o.d BETWEEN s.a AND s.b
    WINDOW w AS (PARTITION BY o.episode ORDER BY o.d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)),
stable AS (
    SELECT episode, max(held) FILTER (many = 7) AS stable FROM doses GROUP BY episode),
tails AS (
    SELECT episode, stable, arg_max(low, d) AS last_dose,
           any_value(e) - max(d) FILTER (low >= stable) AS days_below
    FROM doses JOIN stable USING (episode) GROUP BY episode, stable)
SELECT p, 'baclofen-stopped-abruptly', 'baclofen', e + 1, e + 1,
       CASE WHEN e - first + 1 >= 60 AND stable >= 40000 THEN 4 ELSE 3 END
       - EXISTS (FROM placed r WHERE r.p = stopped.p AND r.ingredient = 'baclofen' AND r.prn
                 AND r.a <= r.b AND r.a <= stopped.e + 15 AND r.b >= stopped.e + 1)::INTEGER, true
FROM stopped JOIN tails USING (episode)
WHERE stable >= 15000
  AND NOT (days_below >= 7 AND last_dose <= 20000 AND last_dose * 100 <= 50 * stable);

-- 6. Runs of days that touch are one finding.
CREATE TEMP TABLE findings AS
WITH seen AS (
    SELECT pieces.* EXCLUDE (a, b), patient_id, least(b, last_day) AS b,
           CASE WHEN adults THEN greatest(a, coalesce(adult, a)) ELSE a END AS a
    FROM pieces JOIN people USING (p)),
marked AS (
    SELECT *, CASE WHEN a <= 1 + max(b) OVER (PARTITION BY p, rule, subject ORDER BY a, b
                                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   THEN 0 ELSE 1 END AS fresh
    FROM seen WHERE a <= b),
runs AS (
    SELECT *, sum(fresh) OVER (PARTITION BY p, rule, subject ORDER BY a, b) AS run FROM marked)
SELECT patient_id, rule AS rule_id, subject, DATE '1970-01-01' + min(a)::INTEGER AS date,
       DATE '1970-01-01' + max(b)::INTEGER AS end_date,
       ['info', 'low', 'moderate', 'high', 'critical'][max(rank)] AS severity
FROM runs GROUP BY patient_id, rule, subject, run
ORDER BY ALL;
