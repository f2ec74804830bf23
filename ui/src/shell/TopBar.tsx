// SPDX-License-Identifier: Apache-2.0
import {
  ActionIcon,
  Button,
  Menu,
  useMantineColorScheme,
  type MantineColorScheme,
} from "@mantine/core";
import {
  IconClock,
  IconDeviceDesktop,
  IconHelp,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSun,
  IconUser,
} from "@tabler/icons-react";
import { useState } from "react";
import { useZone, type ZoneChoice } from "@/app/ZoneProvider";
import { useAuth } from "@/auth/AuthProvider";
import { Hint } from "@/components/Hint";
import { localZone } from "@/lib/time";
import { CrumbTrail } from "./CrumbTrail";
import { LiveIndicator } from "./LiveIndicator";
import styles from "./shell.module.css";

interface Props {
  onPalette: () => void;
  onHelp: () => void;
}

/** Where one is, search, and how the page looks. */
export function TopBar({ onPalette, onHelp }: Props) {
  const mac = navigator.platform.startsWith("Mac");
  return (
    <header className={styles.top}>
      <CrumbTrail />
      <button type="button" className={styles.search} onClick={onPalette}>
        <IconSearch size={14} aria-hidden />
        <span className={styles.searchText}>Search or do…</span>
        <kbd className={styles.key}>{mac ? "⌘" : "Ctrl"} K</kbd>
      </button>
      <LiveIndicator />
      <ZoneMenu />
      <SchemeMenu />
      <UserMenu onHelp={onHelp} />
    </header>
  );
}

function ZoneMenu() {
  const [open, setOpen] = useState(false);
  const { choice, setChoice, zone, dagZone } = useZone();
  const choices: { key: ZoneChoice; title: string; zone: string }[] = [
    { key: "utc", title: "UTC", zone: "UTC" },
    { key: "local", title: "This browser", zone: localZone() },
    { key: "dag", title: "The DAG's own", zone: dagZone ?? "UTC where there is none" },
  ];
  return (
    <Menu width={280} opened={open} onChange={setOpen}>
      <Menu.Target>
        <Hint label={`Times are in ${zone}`} disabled={open}>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            fz={12}
            fw={400}
            c="var(--ink-2)"
            visibleFrom="xs"
            leftSection={<IconClock size={14} />}
            aria-label={`Time zone: ${zone}`}
          >
            {zone === "UTC" ? "UTC" : (zone.split("/").at(-1) ?? zone).replaceAll("_", " ")}
          </Button>
        </Hint>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Show times in</Menu.Label>
        <Menu.RadioGroup value={choice} onChange={(key) => setChoice(key as ZoneChoice)}>
          {choices.map(({ key, title, zone: name }) => (
            <Menu.RadioItem
              key={key}
              value={key}
              closeMenuOnClick
              rightSection={<span className="faint">{name}</span>}
            >
              {title}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

const kSchemes: { key: MantineColorScheme; title: string; icon: typeof IconSun }[] = [
  { key: "light", title: "Light", icon: IconSun },
  { key: "dark", title: "Dark", icon: IconMoon },
  { key: "auto", title: "As the system", icon: IconDeviceDesktop },
];

function SchemeMenu() {
  const [open, setOpen] = useState(false);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const current = kSchemes.find(({ key }) => key === colorScheme);
  const Icon = current?.icon ?? IconDeviceDesktop;
  return (
    <Menu width={190} opened={open} onChange={setOpen}>
      <Menu.Target>
        <Hint label="Light or dark" disabled={open}>
          <ActionIcon aria-label={`Appearance: ${current?.title ?? "as the system"}`}>
            <Icon size={16} stroke={1.6} />
          </ActionIcon>
        </Hint>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(key) => setColorScheme(key as MantineColorScheme)}
        >
          {kSchemes.map(({ key, title, icon: Each }) => (
            <Menu.RadioItem
              key={key}
              value={key}
              closeMenuOnClick
              rightSection={<Each size={15} />}
            >
              {title}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

function UserMenu({ onHelp }: { onHelp: () => void }) {
  const { me, leave } = useAuth();
  return (
    <Menu width={200} position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`Signed in as ${me.username}`}>
          <IconUser size={16} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.username} · {me.role}
        </Menu.Label>
        <Menu.Item leftSection={<IconHelp size={15} />} onClick={onHelp}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
