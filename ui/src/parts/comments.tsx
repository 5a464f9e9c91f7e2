// SPDX-License-Identifier: Apache-2.0
//
// comments - what people said about one packet, and the field to say something (R10). What is being written outlives a lost
// connection, another packet, and a reload: it is kept in this tab until it is sent.
import './comments.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { TEXT_LIMIT, pin_add, pin_edit, pin_remove, pin_reply, pin_resolve } from '../state/pin_changes';
import { pins_by_number, pins_sending, type Pin } from '../state/pins';
import { hello, may_comment, may_control } from '../state/store';
import { Ago, Stranger } from './pieces';

const place_of = (key: string) => `tapdeck.draft.${key}`;

function draft(key: string): string {
  try {
    return sessionStorage.getItem(place_of(key)) ?? '';
  } catch {
    return '';
  }
}

function draft_keep(key: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(place_of(key));
    else sessionStorage.setItem(place_of(key), text);
  } catch {
    /* no storage: it lives as long as the field */
  }
}

/* number, time_ns: the packet. is_wanted: the field takes the focus (key c). */
export function Comments({ source, number, time_ns, is_wanted = false }: { source: string; number: number; time_ns: string; is_wanted?: boolean }) {
  const all = pins_by_number.value.get(number) ?? [];

  return (
    <section class="comments" aria-label={`Comments on packet ${number}`}>
      {all.length === 0 && <p class="quiet-text">{may_comment.value ? 'Nobody said anything about this packet yet.' : 'Nobody said anything about this packet.'}</p>}
      <ul>
        {all.map((pin) => <Comment key={pin.id} pin={pin} />)}
      </ul>
      {may_comment.value ? (
        <Field key={`${source} ${number}`} draft_key={`${source} ${number}`} label="Comment on this packet, for all" action="Comment" is_wanted={is_wanted} send={(text) => pin_add(source, number, time_ns, text)} />
      ) : (
        <p class="quiet-text">This link lets you look, not comment.</p>
      )}
    </section>
  );
}

function Comment({ pin }: { pin: Pin }) {
  const [mode, set_mode] = useState<'read' | 'edit' | 'reply'>('read');
  const is_mine = pin.person === hello.value?.you.person;
  const is_sending = pins_sending.value.has(pin.id);
  const may_change = may_comment.value && (is_mine || may_control.value);

  return (
    <li class={`comment ${pin.resolved ? 'is-resolved' : ''} ${is_sending ? 'is-sending' : ''}`} aria-busy={is_sending}>
      <div class="comment-head">
        <b class="stranger">{pin.name || 'somebody'}</b>
        <span class="quiet-text">{is_sending ? 'sending …' : <Ago ns={pin.created_ns} />}</span>
        {pin.resolved && <span class="kind good">✓ resolved</span>}
      </div>
      {mode === 'edit' ? (
        <Field draft_key={`edit ${pin.id}`} first={pin.text} label="Change the comment" action="Change" is_wanted send={async (text) => (await pin_edit(pin, text)) && (set_mode('read'), true)} cancel={() => set_mode('read')} />
      ) : (
        <p class="comment-text"><Stranger text={pin.text} most={TEXT_LIMIT} /></p>
      )}
      {pin.replies.length > 0 && (
        <ul class="replies">
          {pin.replies.map((reply) => (
            <li key={reply.id}>
              <b class="stranger">{reply.name || 'somebody'}</b> <span class="quiet-text"><Ago ns={reply.created_ns} /></span>
              <p class="comment-text"><Stranger text={reply.text} most={TEXT_LIMIT} /></p>
            </li>
          ))}
        </ul>
      )}
      {mode === 'reply' && (
        <Field draft_key={`reply ${pin.id}`} label={`Answer ${pin.name}`} action="Answer" is_wanted send={async (text) => (await pin_reply(pin, text)) && (set_mode('read'), true)} cancel={() => set_mode('read')} />
      )}
      {mode === 'read' && may_comment.value && !is_sending && (
        <div class="comment-actions">
          <button class="button quiet" type="button" onClick={() => set_mode('reply')}>Answer</button>
          {may_change && <button class="button quiet" type="button" onClick={() => void pin_resolve(pin, !pin.resolved)}>{pin.resolved ? 'Open again' : 'Resolve'}</button>}
          {may_change && <button class="button quiet" type="button" onClick={() => set_mode('edit')}>Change</button>}
          {may_change && <button class="button quiet" type="button" onClick={() => pin_remove(pin)}>Remove</button>}
        </div>
      )}
    </li>
  );
}

interface FieldProps {
  draft_key: string;
  first?: string;
  label: string;
  action: string;
  is_wanted?: boolean;
  send: (text: string) => Promise<boolean>;
  cancel?: () => void;
}

function Field({ draft_key, first = '', label, action, is_wanted, send, cancel }: FieldProps) {
  const [text, set_text] = useState(draft(draft_key) || first);
  const field = useRef<HTMLTextAreaElement>(null);
  const left = TEXT_LIMIT - [...text].length;

  useEffect(() => {
    if (is_wanted) field.current?.focus();
  }, [is_wanted]);
  const write = (now: string) => {
    set_text(now);
    draft_keep(draft_key, now === first ? '' : now);
  };
  const submit = async () => {
    const said = text.trim();
    if (said === '' || left < 0) return;
    write('');
    // Refused: back into the field, unless something else is written there by now.
    if (!(await send(said))) {
      draft_keep(draft_key, said);
      set_text((now) => (now === '' ? said : now));
    }
  };

  return (
    <form
      class="comment-field"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <textarea
        ref={field}
        class="input"
        aria-label={label}
        placeholder={label}
        rows={2}
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void submit();
          }
          if (event.key === 'Escape') {
            event.stopPropagation();
            if (cancel) cancel();
            else event.currentTarget.blur();
          }
        }}
      />
      <div class="comment-actions">
        <button class="button primary" disabled={text.trim() === '' || left < 0} title="Ctrl+Enter">{action}</button>
        {cancel && <button class="button quiet" type="button" onClick={cancel}>Cancel</button>}
        {left < 100 && <span class={left < 0 ? 'bad' : 'quiet-text'}>{left < 0 ? `✗ ${-left} too many` : `${left} left`}</span>}
      </div>
    </form>
  );
}
