// SPDX-License-Identifier: Apache-2.0
export interface FileSize {
  name: string;
  bytes: number;
}
export const budget: { first_bytes: number; lazy_bytes: number; requests: number };
export function sizes(dist: string): { html: FileSize; first: FileSize[]; lazy: FileSize[] };
export function sum(files: FileSize[]): number;
