// SPDX-License-Identifier: Apache-2.0
//
// What may be completed where the caret stands: a field's name, or a value behind a comparison. A glance at the text before
// the caret, not a parser: the server has that.

export interface Completing {
  kind: 'field' | 'value' | 'none';
  part: string; // what was typed of it
  from: number; // and where that stands
  to: number;
  field: string; // of a value
}

const comparison = /([A-Za-z][\w.-]*)\s*(==|!=|===|!==|~=|>=|<=|>|<|\beq\b|\bne\b|\bgt\b|\blt\b|\bge\b|\ble\b|\bcontains\b|\bmatches\b|\bin\s*\{(?:[^{}]*,)?)\s*("(?:[^"\\]|\\.)*"?|[\w.:/-]*)$/;

export function completion_at(text: string, caret: number): Completing {
  const before = text.slice(0, caret);
  const none: Completing = { kind: 'none', part: '', from: caret, to: caret, field: '' };
  const rest = /^[\w.:/-]*/.exec(text.slice(caret))![0];

  const value = comparison.exec(before);
  if (value) {
    const part = value[3]!;
    // A text that was closed is done.
    if (/^".*[^\\]"$/.test(part)) return none;
    return { kind: 'value', part, from: caret - part.length, to: caret + rest.length, field: value[1]! };
  }
  // Inside of a quoted text there is nothing to complete.
  if ((before.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1) return none;
  const name = /[A-Za-z][\w.-]*$/.exec(before);
  if (name) return { kind: 'field', part: name[0], from: caret - name[0].length, to: caret + rest.length, field: '' };
  return /(^|[(!\s&|])$/.test(before) ? { ...none, kind: 'field' } : none;
}
