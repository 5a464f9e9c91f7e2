// SPDX-License-Identifier: Apache-2.0
//
// Share: a link to what one looks at, its scope in words and in packets before it is made; who is here now; the links given,
// with revoking. The secret is shown once: the server keeps only its hash.
import './share.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, api } from '../net/api';
import type { ApiBytesLevel, ApiCount, ApiRole, ApiShare, ApiShareMade } from '../net/api_types';
import { useAsked } from '../parts/asked';
import { Ago, Moment, Segmented, Stranger, Waiting, path_part, source_now } from '../parts/pieces';
import { range_of } from '../parts/time_range';
import { duration_words, us_of_ns } from '../parts/time_scale';
import { Dialog } from '../shell/dialogs';
import { note } from '../shell/notes';
import { place_words } from '../shell/presence';
import { route } from '../shell/router';
import { Face } from '../shell/face';
import { everyone_bring } from '../state/lead';
import { hello, may_control, people, selected_packet, selected_range, session_shown, source_named } from '../state/store';
import { count_text } from '../table/format';
import { QrCode } from './qr';
import { bytes_words, role_words, scope_words, share_address, share_choices, share_new, type ShareWhat } from './share_scope';

const ends: [number, string][] = [[1, '1 hour'], [8, '8 hours'], [24, '1 day'], [168, '1 week'], [0, 'no end']];

export default function Share({ what: wished, device: wished_device, on_close }: { what?: ShareWhat; device?: string; on_close: () => void }) {
  const source = source_now();
  const query = route.value.query;
  const filter = query.get('f') ?? '';
  const session = session_shown.peek();
  const device = wished_device ?? query.get('d') ?? (route.value.screen === 'device' ? route.value.subject : session?.device ?? '');
  const newest_ns = source_named(source)?.to_ns;
  const range = useMemo(() => session ?? range_of(query.get('t'), newest_ns != null ? us_of_ns(newest_ns) : Date.now() * 1000), []);
  // One packet that happens to be selected is offered, a range that one took pains to select is what one means.
  const [packets] = useState(() => {
    const taken = selected_range.peek();
    const one = selected_packet.peek();
    return taken ? ([taken.from, taken.to] as const) : one !== null ? ([one, one] as const) : null;
  });
  const choices = share_choices({ filter, device, range, packets, is_session: session !== null });
  const [what, set_what] = useState<ShareWhat>(wished ?? (selected_range.peek() ? 'packets' : share_choices({ filter, device, range, packets: null, is_session: session !== null }).at(-1)![0]));
  const [role, set_role] = useState<ApiRole>('view');
  const [bytes, set_bytes] = useState<ApiBytesLevel>('headers');
  const [hours, set_hours] = useState(1);
  const [most_viewers, set_most_viewers] = useState(10);
  const [made, set_made] = useState<{ link: string; share: ApiShare } | null>(null);
  const [fault, set_fault] = useState('');
  const [is_sending, set_sending] = useState(false);
  const wish = { what, source, filter, device, range, packets, role, bytes, hours, most_viewers };
  const plan = share_new(wish, BigInt(Date.now()) * 1_000_000n);
  const words = scope_words(plan, range);
  const { filter: in_filter, device: in_device, from_ns, to_ns } = plan;
  const [first, last] = plan.numbers?.[0] ?? [];
  const count = useAsked<ApiCount>(JSON.stringify([source, in_filter, in_device, from_ns, to_ns, first, last]), (signal) =>
    api.get<ApiCount>(`/sources/${path_part(source)}/count`, { filter: in_filter, device: in_device, from_ns, to_ns, first, last }, signal),
  );
  const shares = useAsked<{ shares: ApiShare[] }>('shares', (signal) => api.get('/shares', {}, signal));

  useEffect(() => set_made(null), [what, role, bytes, hours, most_viewers]);
  const make = async () => {
    set_sending(true);
    set_fault('');
    try {
      const answer = await api.post<ApiShareMade>('/shares', share_new(wish, BigInt(Date.now()) * 1_000_000n));
      set_made({ link: share_address(location.origin, answer.path, wish, plan), share: answer.share });
      shares.again();
    } catch (failed) {
      set_fault(failed instanceof ApiError ? failed.message : 'The page could not make the link.');
    }
    set_sending(false);
  };

  return (
    <Dialog title="Share" on_close={on_close}>
      <form
        class="share-form"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <fieldset>
          <legend>What</legend>
          <Segmented label="What" value={what} choices={choices} set={set_what} />
          <p class="share-scope">
            <Stranger text={words} most={600} />
            <span class="quiet-text">
              {' · '}
              {count.value ? `${count.value.is_complete ? '' : 'at least '}${count_text(count.value.matched)} packets now` : count.fault ? count.fault.message : <Waiting width={12} />}
            </span>
          </p>
        </fieldset>
        <div class="share-rows">
          <fieldset>
            <legend>Who has it</legend>
            <Segmented label="Role" value={role} choices={[['view', 'views'], ['comment', 'comments'], ['control', 'controls']]} set={set_role} />
            <p class="quiet-text">{role_words[role]}</p>
          </fieldset>
          <fieldset>
            <legend>Sees of a packet</legend>
            <Segmented label="Bytes" value={bytes} choices={[['none', 'summary'], ['headers', 'decoded'], ['full', 'full bytes']]} set={set_bytes} />
            <p class={bytes === 'full' ? 'warn' : 'quiet-text'}>{bytes === 'full' && '⚠ '}{bytes_words[bytes]}</p>
          </fieldset>
          <label>
            Until
            <select class="input" value={String(hours)} onChange={(event) => set_hours(Number(event.currentTarget.value))}>
              {ends.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
            </select>
          </label>
          <label>
            Most viewers
            <input class="input" type="number" min={0} max={100000} value={most_viewers} onInput={(event) => set_most_viewers(Math.max(0, Math.min(100_000, Number(event.currentTarget.value) || 0)))} />
            <span class="quiet-text">{most_viewers === 0 && 'any number'}</span>
          </label>
        </div>
        {fault !== '' && <p class="bad" role="alert">✗ {fault}</p>}
        {made ? (
          <Made link={made.link} role={role} hours={hours} />
        ) : (
          <button class="button primary" type="submit" disabled={is_sending}>{is_sending ? 'Making it …' : 'Make link'}</button>
        )}
      </form>
      <Here />
      <section class="share-given" aria-label="Links given">
        <h3>Links given</h3>
        {shares.fault ? <p class="quiet-text">{shares.fault.message}</p> : shares.value === null ? <Waiting width={40} /> : shares.value.shares.length === 0 ? <p class="quiet-text">None yet.</p> : (
          <ul>
            {shares.value.shares.slice(0, 200).map((share) => <Given key={share.id} share={share} again={shares.again} />)}
          </ul>
        )}
      </section>
    </Dialog>
  );
}

function Made({ link, role, hours }: { link: string; role: ApiRole; hours: number }) {
  const [is_copied, set_copied] = useState(false);
  const until = hours === 0 ? 'until it is revoked' : `for ${ends.find(([value]) => value === hours)?.[1] ?? `${hours} hours`}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      set_copied(true);
      note(`Link copied. Anyone with it: ${role}, ${until}`);
    } catch {
      document.querySelector<HTMLInputElement>('.share-link')?.select();
      note('Press Ctrl+C to copy the link');
    }
  };

  return (
    <div class="share-made" role="status">
      <QrCode text={link} />
      <div>
        <p>Anyone with this link: <b>{role}</b>, {until}. It is shown this once.</p>
        <div class="share-copy">
          <input class="input mono share-link" readOnly value={link} aria-label="The link" onFocus={(event) => event.currentTarget.select()} />
          <button class="button primary" type="button" onClick={() => void copy()}>{is_copied ? '✓ Copied' : 'Copy'}</button>
        </div>
      </div>
    </div>
  );
}

function Here() {
  const all = people.value;

  return (
    <section class="share-here" aria-label="People here now">
      <h3>
        Here now <span class="quiet-text">{all.length}</span>
        {all.length > 1 && may_control.value && <button class="button quiet" type="button" onClick={everyone_bring}>Bring everyone here</button>}
      </h3>
      {all.length === 0 ? <p class="quiet-text">Nobody else.</p> : (
        <ul>
          {all.slice(0, 60).map((person) => (
            <li key={person.person}>
              <Face person={person} is_still />
              <b class="stranger">{person.name}</b>
              {person.person === hello.value?.you.person && <span class="quiet-text">(you)</span>}
              <span class="kind">{person.role}</span>
              <span class="quiet-text">{place_words(person)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Given({ share, again }: { share: ApiShare; again: () => void }) {
  const [is_asking, set_asking] = useState(false);
  const left_us = share.expires_ns === null ? null : us_of_ns(share.expires_ns) - Date.now() * 1000;
  const is_over = share.revoked || (left_us !== null && left_us <= 0);
  const revoke = async () => {
    try {
      await api.delete(`/shares/${path_part(share.id)}`);
      note(`Link ${share.id} opens nothing any more`);
    } catch (fault) {
      note({ text: `Not revoked: ${fault instanceof ApiError ? fault.message : 'the page failed'}`, kind: 'bad' });
    }
    set_asking(false);
    again();
  };

  return (
    <li class={is_over ? 'is-over' : ''}>
      <div class="given-words"><Stranger text={share.words} most={160} /></div>
      <div class="given-facts">
        <span class="mono">{share.id}</span>
        <span class="kind">{share.role}</span>
        <span class="kind">{share.bytes === 'none' ? 'summary' : share.bytes === 'headers' ? 'decoded' : 'full bytes'}</span>
        <span>{share.revoked ? 'revoked' : left_us === null ? 'no end' : left_us <= 0 ? 'expired' : `${duration_words(left_us)} left`}</span>
        <span>{count_text(share.viewers)}{share.most_viewers > 0 && ` of ${count_text(share.most_viewers)}`} here</span>
        <span class="quiet-text">{share.seen_ns === null ? 'never opened' : <>seen <Ago ns={share.seen_ns} /></>}</span>
        <span class="quiet-text">made <Moment ns={share.created_ns} /></span>
      </div>
      {!is_over && (is_asking ? (
        <span class="given-ask">
          <button class="button danger" type="button" onClick={() => void revoke()}>Revoke{share.viewers > 0 && `, ${share.viewers} are out at once`}</button>
          <button class="button quiet" type="button" onClick={() => set_asking(false)}>Keep</button>
        </span>
      ) : (
        <button class="button quiet" type="button" aria-label={`Revoke link ${share.id}`} onClick={() => set_asking(true)}>Revoke</button>
      ))}
    </li>
  );
}
