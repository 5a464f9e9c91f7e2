// SPDX-License-Identifier: Apache-2.0
//
// The table of screens. Live is in the first script; each other is a module fetched when it is first opened, whose
// default export is its component. A screen reads `route` and lends its keys while it is shown.
import type { ComponentType } from 'preact';
import type { ScreenName } from './router';
import Live from '../screens/live/live';

export interface ScreenModule {
  default: ComponentType;
}

export interface Screen {
  title: string;
  load: () => ComponentType | Promise<ScreenModule>;
}

export const screens: Record<ScreenName, Screen> = {
  live: { title: 'Live', load: () => Live },
  archive: { title: 'Archive', load: () => import('../screens/archive/archive') },
  devices: { title: 'Devices', load: () => import('../screens/devices/devices') },
  device: { title: 'Device', load: () => import('../screens/device/device') },
  session: { title: 'Session', load: () => import('../screens/session/session') },
};
