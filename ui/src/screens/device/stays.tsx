// SPDX-License-Identifier: Apache-2.0
//
// stays - the addresses a device had, one under the other, each with a bar on the same stretch of time; where the same
// session went on from a new address, the line between the two bars says by what it was known.
import type { ApiStay } from '../../net/api_types';
import { count_text } from '../../table/format';
import { Moment } from '../../parts/pieces';
import { duration_words, ticks_of, us_of_ns } from '../../parts/time_scale';
import { href } from '../../shell/router';

export interface StayRow extends ApiStay {
  readonly from_share: number; // of the axis, 0 to 1
  readonly to_share: number;
  readonly is_rebind: boolean; // the session of the stay before went on here
}

/* By time; rebinds told from new sessions. */
export function stay_rows(stays: readonly ApiStay[], from_us: number, to_us: number): StayRow[] {
  const span = Math.max(1, to_us - from_us);

  return stays.map((stay, i) => {
    const before = stays[i - 1];
    const moved = before !== undefined && (before.address !== stay.address || before.port !== stay.port);
    return {
      ...stay,
      from_share: (us_of_ns(stay.from_ns) - from_us) / span,
      to_share: (us_of_ns(stay.to_ns) - from_us) / span,
      is_rebind: moved && stay.session !== null && before.session === stay.session,
    };
  });
}

const MOST = 200;

export function Stays({ stays, from_us, to_us, pick }: { stays: readonly ApiStay[]; from_us: number; to_us: number; pick: (stay: ApiStay) => void }) {
  const rows = stay_rows(stays, from_us, to_us).reverse();
  const shown = rows.slice(0, MOST);
  const ticks = ticks_of({ from_us, to_us, width_px: 500 }, 110);

  return (
    <table class="data stays">
      <caption class="unseen">Addresses it was at, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Address</th>
          <th scope="col" class="stay-axis">
            <span class="unseen">When</span>
            <span aria-hidden="true">
              {ticks.map((tick) => (
                <i key={tick.us} style={{ left: `${tick.x / 5}%` }}>{tick.label}</i>
              ))}
            </span>
          </th>
          <th scope="col">From</th>
          <th scope="col" class="num">For</th>
          <th scope="col">Known by</th>
          <th scope="col" class="num">Packets</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((stay) => (
          <tr key={`${stay.from_ns}${stay.address}${stay.port}`}>
            <td class="mono nowrap">
              <button class="plain-link" type="button" onClick={() => pick(stay)} title="Show its packets of that time">
                {stay.address.includes(':') && stay.port !== null ? `[${stay.address}]` : stay.address}
                {stay.port !== null && `:${stay.port}`}
              </button>
            </td>
            <td class="stay-axis">
              <span class="stay-track" aria-hidden="true">
                {ticks.map((tick) => <i key={tick.us} class="tick" style={{ left: `${tick.x / 5}%` }} />)}
                <i class={`bar ${stay.confidence}`} style={{ left: `${stay.from_share * 100}%`, width: `${Math.max(0, stay.to_share - stay.from_share) * 100}%` }} />
                {stay.is_rebind && <i class="rebind" style={{ left: `${stay.from_share * 100}%` }} />}
              </span>
            </td>
            <td><Moment ns={stay.from_ns} /></td>
            <td class="num">{duration_words(us_of_ns(stay.to_ns) - us_of_ns(stay.from_ns))}</td>
            <td class="nowrap">
              {stay.is_rebind && <b class="rebind-word" title="The session before went on from this address">↳ moved </b>}
              {stay.session !== null ? <a href={href({ screen: 'session', subject: stay.session })}>{stay.reason}</a> : stay.reason}{' '}
              <span class={`kind ${stay.confidence === 'weak' || stay.confidence === 'guess' ? 'warn' : ''}`}>{stay.confidence}</span>
            </td>
            <td class="num">{count_text(stay.packets)}</td>
          </tr>
        ))}
      </tbody>
      {rows.length > shown.length && (
        <tfoot>
          <tr><td colSpan={6} class="quiet-text">{count_text(rows.length - shown.length)} earlier stays are not listed; narrow the time in the archive.</td></tr>
        </tfoot>
      )}
    </table>
  );
}
