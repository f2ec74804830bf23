// SPDX-License-Identifier: Apache-2.0
import { Button, Divider } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { fetchSingleSignOn, placeToReturn } from "@/auth/options";

/** Leads to the installation's sign-in service; nothing where there is none. */
export function SingleSignOnButton() {
  const { data } = useQuery({
    queryKey: ["sign-in-options"],
    queryFn: fetchSingleSignOn,
    staleTime: Infinity,
    retry: false,
  });
  if (!data) return null;
  const next = encodeURIComponent(placeToReturn(window.location));
  return (
    <>
      <Button component="a" href={`${data.url}?next=${next}`} size="sm">
        {data.label}
      </Button>
      <Divider label="or" labelPosition="center" />
    </>
  );
}
