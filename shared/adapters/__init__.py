"""The only importers of the two SDKs: `trtc` of tencentcloud, `cos` of qcloud_cos."""
