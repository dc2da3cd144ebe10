"""The projects here are deployed by tests; their own tests are part of them, not of ours."""

collect_ignore_glob = ["*"]
