// SPDX-License-Identifier: Apache-2.0
//
// The filter, as one types it (R8): judged by the server's own parser when the fingers rest, applied by Enter and never
// before, put back by Esc; ↑ brings earlier ones; Tab completes fields, then values that were seen here with their counts.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, source_path } from '../../net/api';
import { settings, settings_set } from '../../state/settings';
import { count_text } from '../../table/format';
import type { LiveModel } from './live_model';
import { completion_at, type Completing } from './completion';

interface Verdict {
  state: 'ok' | 'warning' | 'error';
  text: string;
  column: number | null;
  length: number | null;
  suggestion: string | null;
  warnings: { text: string }[];
  is_covered: boolean;
}

interface Choice {
  insert: string;
  label: string;
  hint: string;
}

const rest_ms = 120;

function verdict_words(verdict: Verdict): string {
  if (!verdict.is_covered) return 'This link does not show the bytes that this asks about.';
  if (verdict.state === 'ok') return verdict.warnings.map((one) => one.text).join(' ');
  return verdict.text || verdict.warnings.map((one) => one.text).join(' ');
}

export function FilterBar({ model }: { model: LiveModel }) {
  const [text, set_text] = useState(model.filter.value);
  const [verdict, set_verdict] = useState<{ of: string; verdict: Verdict } | null>(null);
  const [choices, set_choices] = useState<{ list: Choice[]; at: number; completing: Completing } | null>(null);
  const [has_focus, set_focus] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const history_at = useRef(-1);
  const asking = useRef<AbortController | null>(null);
  const applied = model.filter.value;
  const source = model.source;

  useEffect(() => set_text(applied), [applied]);

  // The verdict, when the fingers rest.
  useEffect(() => {
    if (text.trim() === '') {
      set_verdict(null);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api
        .get<Verdict>('/filter/check', { filter: text }, abort.signal)
        .then((answer) => set_verdict({ of: text, verdict: answer }))
        .catch(() => undefined);
    }, rest_ms);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);

  const complete = async (is_asked: boolean) => {
    const field = input.current;
    if (!field) return;
    asking.current?.abort();
    const abort = (asking.current = new AbortController());
    const completing = completion_at(field.value, field.selectionStart ?? field.value.length);
    if (completing.kind === 'none' || (!is_asked && completing.part.length < 2 && completing.kind === 'field')) {
      set_choices(null);
      return;
    }
    try {
      let list: Choice[];
      if (completing.kind === 'field') {
        const answer = await api.get<{ fields: { name: string; title: string; type: string; kind: string }[] }>('/fields', { like: completing.part, n: 12 }, abort.signal);
        list = answer.fields.map((one) => ({ insert: one.name, label: one.name, hint: one.kind === 'protocol' ? one.title : `${one.title} · ${one.type}` }));
      } else {
        const answer = await api.get<{ values: { value: string; text: string; n: number }[] }>(
          `${source_path(source)}/filter/values`,
          { field: completing.field, n: 20 },
          abort.signal,
        );
        const part = completing.part.replace(/^"/, '').toLowerCase();
        list = answer.values
          .filter((one) => part === '' || one.value.toLowerCase().includes(part) || one.text.toLowerCase().includes(part))
          .slice(0, 12)
          .map((one) => ({ insert: one.value, label: one.text || one.value, hint: `${count_text(one.n)} seen` }));
      }
      if (abort.signal.aborted || input.current !== document.activeElement) return;
      set_choices(list.length === 0 ? null : { list, at: -1, completing });
    } catch {
      set_choices(null);
    }
  };

  const take = (choice: Choice) => {
    const field = input.current;
    if (!field || !choices) return;
    const { from, to } = choices.completing;
    const now = text.slice(0, from) + choice.insert + text.slice(to);
    set_text(now);
    set_choices(null);
    requestAnimationFrame(() => {
      field.focus();
      field.setSelectionRange(from + choice.insert.length, from + choice.insert.length);
    });
  };

  const apply = (wanted = text) => {
    set_choices(null);
    history_at.current = -1;
    if (verdict?.of === wanted && (verdict.verdict.state === 'error' || !verdict.verdict.is_covered)) return; // it says what is wrong already
    model.apply(wanted.trim());
  };

  const key = (event: KeyboardEvent) => {
    const list = choices?.list ?? [];
    if (event.key === 'Enter') {
      event.preventDefault();
      if (choices && choices.at >= 0) take(list[choices.at]!);
      else apply();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (choices) set_choices(null);
      else if (text !== applied) set_text(applied);
      else input.current?.blur();
    } else if (event.key === 'Tab' && !event.shiftKey) {
      if (choices && list.length > 0) {
        event.preventDefault();
        take(list[Math.max(0, choices.at)]!);
      } else if (text !== '' && text !== applied) {
        event.preventDefault();
        void complete(true);
      }
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (choices) {
        event.preventDefault();
        set_choices({ ...choices, at: (choices.at + step + list.length + (choices.at < 0 && step < 0 ? 1 : 0)) % list.length });
        return;
      }
      const history = settings.value.filters;
      const to = history_at.current - step;
      if (to < -1 || to >= history.length) return;
      event.preventDefault();
      history_at.current = to;
      set_text(to < 0 ? applied : history[to]!);
    }
  };

  const judged = verdict?.of === text ? verdict.verdict : null;
  const state = text.trim() === '' ? 'none' : judged === null ? 'asking' : !judged.is_covered ? 'error' : judged.state === 'ok' && judged.warnings.length > 0 ? 'warning' : judged.state;
  const words = judged ? verdict_words(judged) : '';
  // What is wrong before the word that is being typed is said at once; completions are for what is right so far.
  const fault_end = judged?.state === 'error' && judged.column !== null ? judged.column + (judged.length ?? 1) : Infinity;
  const has_choices = choices !== null && (choices.at >= 0 || fault_end > choices.completing.from);
  const suggestion = judged?.state === 'error' ? judged.suggestion : null;
  const is_starred = settings.value.starred.includes(applied) && applied !== '';
  const matched = model.matched.value;

  const use_suggestion = () => {
    if (!suggestion || !judged) return;
    const at = judged.column;
    const now = at === null || judged.length === null ? suggestion : text.slice(0, at) + suggestion + text.slice(at + judged.length);
    set_text(now);
    input.current?.focus();
  };

  return (
    <form
      class={`filter ${state} ${text === applied ? '' : 'changed'}`}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <div class="filter-field">
        <span class="filter-sign" aria-hidden="true">
          {state === 'ok' ? '✓' : state === 'error' ? '✗' : state === 'warning' ? '△' : state === 'asking' ? '…' : '▽'}
        </span>
        <input
          ref={input}
          id="filter"
          class="mono"
          type="text"
          role="combobox"
          aria-label="Filter, in Wireshark's display filter language"
          aria-expanded={has_choices}
          aria-controls="filter-choices"
          aria-autocomplete="list"
          aria-activedescendant={choices && choices.at >= 0 ? `choice-${choices.at}` : undefined}
          aria-describedby="filter-verdict"
          aria-invalid={state === 'error'}
          placeholder={'Filter: coap.code >= 4.00 && tapdeck.device contains "sensor"'}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            set_text(event.currentTarget.value);
            history_at.current = -1;
            void complete(false);
          }}
          onKeyDown={key}
          onFocus={() => set_focus(true)}
          onBlur={() => {
            set_focus(false);
            setTimeout(() => set_choices(null), 120);
          }}
        />
        {text !== applied && (
          <button class="filter-button apply" type="submit" disabled={state === 'error'} title="Apply (Enter)" aria-label="Apply the filter">
            ⏎
          </button>
        )}
        {text !== '' && (
          <button
            class="filter-button"
            type="button"
            title="Clear"
            aria-label="Clear the filter"
            onClick={() => {
              set_text('');
              if (applied !== '') model.apply('');
            }}
          >
            ✕
          </button>
        )}
        <button
          class={`filter-button star ${is_starred ? 'on' : ''}`}
          type="button"
          title={is_starred ? 'Forget this filter' : 'Keep this filter'}
          aria-label="Keep this filter"
          aria-pressed={is_starred}
          disabled={applied === ''}
          onClick={() =>
            settings_set({ starred: is_starred ? settings.value.starred.filter((one) => one !== applied) : [applied, ...settings.value.starred].slice(0, 20) })
          }
        >
          {is_starred ? '★' : '☆'}
        </button>
        {choices && has_choices && (
          <ul class="choices" id="filter-choices" role="listbox" aria-label="Completions">
            {choices.list.map((choice, i) => (
              <li
                key={choice.insert}
                id={`choice-${i}`}
                role="option"
                aria-selected={i === choices.at}
                onMouseDown={(event) => {
                  event.preventDefault();
                  take(choice);
                }}
              >
                <span class="mono stranger">{choice.label}</span>
                <span class="choice-hint">{choice.hint}</span>
              </li>
            ))}
          </ul>
        )}
        {words !== '' && (has_focus || text !== applied) && !has_choices && (
          <div class={`filter-words ${state}`}>
            {judged?.column !== null && judged?.column !== undefined && state === 'error' && (
              <pre class="filter-caret" aria-hidden="true">
                {text.slice(0, judged.column)}
                <mark>{text.slice(judged.column, judged.column + Math.max(1, judged.length ?? 1)) || ' '}</mark>
                {text.slice(judged.column + Math.max(1, judged.length ?? 1))}
                {'\n' + ' '.repeat(judged.column) + '^'.repeat(Math.max(1, judged.length ?? 1))}
              </pre>
            )}
            <span>{words}</span>{' '}
            {suggestion && (
              <button type="button" class="button" onMouseDown={(event) => event.preventDefault()} onClick={use_suggestion}>
                Use <span class="mono">{suggestion}</span>
              </button>
            )}
          </div>
        )}
      </div>
      <div class="unseen" id="filter-verdict" role="status">
        {state === 'error' ? `Wrong: ${words}` : state === 'warning' ? words : ''}
      </div>
      {matched && (
        <div class="matched" data-matched={matched.n} data-of={matched.of}>
          {applied === '' ? (
            <>{count_text(matched.of)} packets</>
          ) : (
            <>
              <b>{count_text(matched.n)}</b>
              {matched.is_complete ? '' : '+'} of {count_text(matched.of)}
            </>
          )}
        </div>
      )}
      {settings.value.starred.length > 0 && (
        <label class="starred">
          <span class="unseen">Kept filters</span>
          <select
            class="input"
            value=""
            onChange={(event) => {
              const wanted = event.currentTarget.value;
              event.currentTarget.value = '';
              if (wanted !== '') {
                set_text(wanted);
                apply(wanted);
              }
            }}
          >
            <option value="">★</option>
            {settings.value.starred.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      )}
    </form>
  );
}
