// SPDX-License-Identifier: Apache-2.0
import {
  createTheme,
  defaultVariantColorsResolver,
  type CSSVariablesResolver,
  type VariantColorsResolver,
} from "@mantine/core";

/** Filled buttons are ink on paper in both schemes; other colours stay Mantine's. */
const variantColors: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const own = input.color === undefined || input.color === input.theme.primaryColor;
  if (input.variant !== "filled" || !own) return colors;
  return {
    ...colors,
    background: "var(--ink)",
    hover: "color-mix(in oklab, var(--ink) 85%, var(--surface))",
    color: "var(--surface)",
  };
};

/** Mantine's primitives in our ink. */
export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--font)", fontWeight: "600" },
  primaryColor: "ink",
  primaryShade: { light: 9, dark: 0 },
  variantColorResolver: variantColors,
  colors: {
    ink: [
      "#f1f0ee",
      "#e3e1dd",
      "#c9c6c0",
      "#aeaaa2",
      "#918c83",
      "#726d64",
      "#55514a",
      "#3d3a35",
      "#2b2925",
      "#1a1815",
    ],
  },
  defaultRadius: "6px",
  cursorType: "pointer",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  // Plain objects: naming the components here would load them all with the first page.
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: {
      defaultProps: { variant: "subtle", color: "gray", size: "md" },
    },
    TextInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Switch: { defaultProps: { size: "xs" } },
    Modal: {
      defaultProps: {
        centered: true,
        closeButtonProps: { "aria-label": "Close" },
        overlayProps: { backgroundOpacity: 0.35, blur: 2 },
        transitionProps: { duration: 120, transition: "fade" },
      },
    },
    Menu: {
      defaultProps: { shadow: "md", transitionProps: { duration: 80 }, withinPortal: true },
    },
    Popover: { defaultProps: { transitionProps: { duration: 80 } } },
    Tooltip: {
      defaultProps: { transitionProps: { duration: 80 }, fz: 12, multiline: true },
    },
  },
});

/** Mantine's surfaces follow our tokens, so that both always agree. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-3)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-error": "var(--s-failed-text)",
  },
  dark: {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-3)",
    "--mantine-color-default": "var(--sunken)",
    "--mantine-color-dark-6": "var(--sunken)", // fields and menus
    "--mantine-color-dark-5": "var(--hover)",
    "--mantine-color-dark-4": "var(--line-strong)",
    "--mantine-color-default-hover": "var(--hover)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-error": "var(--s-failed-text)",
  },
});
