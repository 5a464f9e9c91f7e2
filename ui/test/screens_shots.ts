// SPDX-License-Identifier: Apache-2.0
//
// Every screen and state over the made-up fleet, light and dark, and the chief ones on a phone and with forced colours.
import { join } from 'node:path';
import { new_context, watch_faults } from './browser';
import { fixture_server } from './fixtures/server.mjs';
import { screen_states, type Wish } from './screen_states';

const NOW = new Date('2024-08-29T14:40:31Z'); // the fleet's last packet: "3 min ago" is the same in each run
const on_phones = ['live', 'live-list', 'live-nothing', 'archive', 'devices', 'device', 'session', 'share'];
const narrowest = ['live', 'live-list', 'live-nothing', 'archive', 'archive-list', 'share-packets'];

export async function shoot_screens(root: string, out: string, only: string): Promise<void> {
  const wish: Wish = {};
  const server = await fixture_server({ dist: join(root, 'dist'), state: wish });
  const shoot = async (look: string, options: Parameters<typeof new_context>[0], names: readonly string[]) => {
    const context = await new_context({ reducedMotion: 'reduce', ...options });
    for (const state of screen_states) {
      if (!names.includes(state.name) || !`screen-${state.name}`.includes(only)) continue;
      const page = await context.newPage();
      const faults = watch_faults(page);
      await page.clock.setFixedTime(NOW);
      wish.answer = state.server?.answer;
      await page.goto(server.url + state.path);
      await page.locator(state.ready).first().waitFor({ state: 'attached' });
      await state.act?.(page);
      await page.waitForTimeout(900);
      await page.screenshot({ path: join(out, `screen-${state.name}-${look}.png`) });
      if (faults.length > 0) console.log(`${state.name}, ${look}: the page said:\n  ${faults.join('\n  ')}`);
      await page.close();
    }
    await context.close();
  };
  const all = screen_states.map((state) => state.name);

  for (const colorScheme of ['light', 'dark'] as const) {
    await shoot(colorScheme, { colorScheme }, all);
    await shoot(`phone-${colorScheme}`, { colorScheme, viewport: { width: 390, height: 780 } }, on_phones);
  }
  await shoot('320', { viewport: { width: 320, height: 640 } }, narrowest);
  await shoot('forced', { forcedColors: 'active', colorScheme: 'dark' }, on_phones);
  server.close();
}
