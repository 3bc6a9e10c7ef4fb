"""DialNexa, the voice agents' vendor: its signatures, the shapes of its bodies and its REST API, in our words."""
