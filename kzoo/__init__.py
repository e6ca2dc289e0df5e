"""kzoo: small published networks in Keras 3."""
