// SPDX-License-Identifier: Apache-2.0

/** A refusal or failure of the server. Status 0 means that it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get notFound(): boolean {
    return this.status === 404;
  }
}

interface Problem {
  loc?: unknown[];
  msg?: string;
}

/** One sentence from `detail`, which is a text, an object or a list of problems. */
export function detailText(detail: unknown): string | null {
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    return (detail as Problem[])
      .map((problem) => {
        const place = (problem.loc ?? []).filter((part) => part !== "body").join(".");
        return place ? `${place}: ${problem.msg ?? "wrong"}` : (problem.msg ?? "wrong");
      })
      .join("; ");
  }
  if (detail && typeof detail === "object" && "reason" in detail) return String(detail.reason);
  return null;
}

export async function readError(response: Response): Promise<ApiError> {
  let message = `${response.status} ${response.statusText}`.trim();
  let hint: string | null = null;
  try {
    const body = (await response.json()) as { detail?: unknown; hint?: string; error?: string };
    message = detailText(body.detail) ?? body.error ?? message;
    hint = body.hint ?? null;
  } catch {
    // Not JSON: the status line says enough.
  }
  return new ApiError(response.status, message, hint);
}
