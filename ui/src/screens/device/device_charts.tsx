// SPDX-License-Identifier: Apache-2.0
//
// device_charts - how fast it was answered, how large its packets are, how many there were: from the newest sessions (each
// request joined to its answer by the server) and from the timeline of the device. Not loaded before it is in sight.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api } from '../../net/api';
import type { ApiDevice, ApiSession, ApiTimeline } from '../../net/api_types';
import { useAsked } from '../../parts/asked';
import { Chart, type ChartSeries } from '../../parts/chart';
import { Waiting, path_part } from '../../parts/pieces';
import { duration_words, us_of_ns } from '../../parts/time_scale';
import { bytes_text, count_text } from '../../table/format';

const SESSIONS = 6; // the newest ones: as many as answer within a moment
const BUCKETS = 240;

export interface Points {
  delays: { us: Float64Array; values: Float64Array };
  sizes: { up: { us: Float64Array; values: Float64Array }; down: { us: Float64Array; values: Float64Array } };
  n_unanswered: number;
}

/* Sessions in any order; points in time order. */
export function points_of(sessions: readonly Pick<ApiSession, 'packets' | 'joins'>[]): Points {
  const at = new Map<number, number>();
  const delays: [number, number][] = [];
  const up: [number, number][] = [];
  const down: [number, number][] = [];
  let n_unanswered = 0;

  for (const session of sessions) {
    for (const packet of session.packets) {
      const us = us_of_ns(packet.time_ns);
      at.set(packet.number, us);
      (packet.direction === 'from_device' ? up : down).push([us, packet.length]);
    }
    for (const join of session.joins) {
      const us = at.get(join.request);
      if (join.state === 'unanswered') n_unanswered++;
      if (us !== undefined && join.delay_ns !== null) delays.push([us, Number(BigInt(join.delay_ns) / 1000n)]);
    }
  }
  const columns = (points: [number, number][]) => {
    points.sort((a, b) => a[0] - b[0]);
    return { us: Float64Array.from(points, (point) => point[0]), values: Float64Array.from(points, (point) => point[1]) };
  };
  return { delays: columns(delays), sizes: { up: columns(up), down: columns(down) }, n_unanswered };
}

export default function DeviceCharts({ source, device, pick }: { source: string; device: ApiDevice; pick: (us: number) => void }) {
  const host = useRef<HTMLDivElement>(null);
  const [is_seen, set_seen] = useState(false);

  useEffect(() => {
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && set_seen(true), { rootMargin: '200px' });
    watch.observe(host.current!);
    return () => watch.disconnect();
  }, []);
  const newest = device.sessions.slice(0, SESSIONS);
  const base = `/sources/${path_part(source)}`;
  const sessions = useAsked<ApiSession[]>(is_seen ? newest.map((one) => one.session).join(' ') : null, async (signal) => {
    const found = await Promise.all(
      newest.map((one) => api.get<ApiSession>(`${base}/sessions/${path_part(one.session)}`, { n: 1000 }, signal).catch(() => null)),
    );
    return found.filter((one) => one !== null);
  });
  const timeline = useAsked<ApiTimeline>(is_seen ? device.device : null, (signal) =>
    api.get<ApiTimeline>(`${base}/timeline`, { device: device.device, from_ns: device.first_ns, to_ns: device.last_ns, buckets: BUCKETS }, signal),
  );
  const points = useMemo(() => points_of(sessions.value ?? []), [sessions.value]);
  const rate = useMemo(() => rate_of(timeline.value), [timeline.value]);
  const from_us = Math.min(...newest.map((one) => us_of_ns(one.from_ns)), us_of_ns(device.last_ns));
  const to_us = us_of_ns(device.last_ns) + 1;
  const sorted = [...points.delays.values].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  const worst = sorted.at(-1);

  return (
    <div ref={host} class="device-charts" aria-busy={sessions.is_waiting}>
      {sessions.value === null ? (
        <p aria-hidden="true"><Waiting width={60} /></p>
      ) : (
        <>
          <Chart
            title="Answered in"
            sentence={median === undefined ? 'No answer was timed.' : `${count_text(sorted.length)} answers, half within ${duration_words(median)}, the slowest ${duration_words(worst!)}; ${points.n_unanswered} requests without an answer.`}
            series={[{ name: 'delay', hue: 0, shape: 'dot', ...points.delays }]}
            from_us={from_us}
            to_us={to_us}
            is_log
            value_words={duration_words}
            pick={pick}
          />
          <Chart
            title="Packet size"
            sentence={`${count_text(points.sizes.up.us.length)} packets from the device and ${count_text(points.sizes.down.us.length)} to it, in its newest ${newest.length} sessions.`}
            series={[
              { name: 'from device', hue: 0, shape: 'dot', ...points.sizes.up },
              { name: 'to device', hue: 1, shape: 'ring', ...points.sizes.down },
            ]}
            from_us={from_us}
            to_us={to_us}
            value_words={(n) => bytes_text(n)}
            pick={pick}
          />
        </>
      )}
      {rate && (
        <Chart
          title={`Packets in ${duration_words(rate.step_us)}`}
          sentence={`${count_text(rate.total)} packets from first to last seen; at most ${count_text(rate.most)} in ${duration_words(rate.step_us)}.`}
          series={rate.series}
          from_us={us_of_ns(device.first_ns)}
          to_us={to_us}
          value_words={(n) => (Number.isInteger(n) ? count_text(n) : String(n))}
          pick={pick}
        />
      )}
    </div>
  );
}

export function rate_of(timeline: ApiTimeline | null): { series: ChartSeries[]; step_us: number; total: number; most: number } | null {
  if (!timeline) return null;
  const from = us_of_ns(timeline.from_ns);
  const step_us = Number(BigInt(timeline.bucket_ns) / 1000n);
  const values = new Float64Array(timeline.buckets);

  for (const one of timeline.series) for (const [i, n] of one.bars) if (i >= 0 && i < values.length) values[i]! += n;
  return {
    series: [{ name: 'packets', hue: 2, shape: 'step', us: Float64Array.from(values, (_, i) => from + i * step_us), values }],
    step_us, total: timeline.matched, most: values.reduce((high, value) => Math.max(high, value), 0),
  };
}
