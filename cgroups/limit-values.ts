// Values that both versions write the same way, checked before they become part of a path or line.

import { refuse } from "./refusal.ts";
import type { RdmaLimit } from "./resources.ts";

/**
 * `pageSize` itself. Security: it becomes part of a file's name, so nothing but a size passes.
 * Throws UserError.
 */
export function checkPageSize(pageSize: string): string {
  if (/^[1-9][0-9]*[KMG]B$/.test(pageSize)) return pageSize;
  return refuse(`huge page size must be like 2MB or 1GB: got "${pageSize}"`);
}

/** `mlx5_0 hca_handle=2 hca_object=2000`, with what is given. Throws UserError. */
export function formatRdmaLimit(device: string, limit: RdmaLimit): string {
  if (device === "" || /\s/.test(device)) {
    refuse(`RDMA device must be a name without spaces: got "${device}"`);
  }
  const parts = [device];
  if (limit.hcaHandles !== undefined) parts.push(`hca_handle=${limit.hcaHandles}`);
  if (limit.hcaObjects !== undefined) parts.push(`hca_object=${limit.hcaObjects}`);
  return parts.join(" ");
}
