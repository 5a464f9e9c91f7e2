// SPDX-License-Identifier: Apache-2.0
//
// What is round the screens and not needed for their first packets: who is here, following, invitations, dialogs. One chunk,
// fetched when the page is in.
import './people.css';
import { Face } from './face';
import { FollowFrame, Invitation } from './follow';
import { Dialogs } from './dialogs';
import { everyone_bring, lead_start } from '../state/lead';
import { may_control, people } from '../state/store';

const n_faces = 4;

lead_start();

export function Faces() {
  const here = people.value;

  return (
    <>
      {may_control.value && here.length > 1 && (
        <button class="button quiet bring" title="Asks everyone who is here to come to what you look at" onClick={everyone_bring}>
          Bring everyone here
        </button>
      )}
      <div class="faces" role="group" aria-label="People here">
        {here.slice(0, n_faces).map((person) => (
          <Face key={person.person} person={person} />
        ))}
        {here.length > n_faces && <span class="faces-more">+{here.length - n_faces}</span>}
      </div>
    </>
  );
}

export function Overlays() {
  return (
    <>
      <Dialogs />
      <FollowFrame />
      <Invitation />
    </>
  );
}
